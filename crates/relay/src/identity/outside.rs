//! What the command line does beside a running relay: the relay looks for it and closes, forgets or reads again what follows.

use lamplight_core::service::Input;

use super::{Keeper, SWEEP_MAX};
use crate::store::orders::{self, Order};
use crate::store::sites::visitors;

impl Keeper {
    /// Does what was ordered since the last time. An idle relay only reads.
    pub async fn follow_outside(&self) {
        let any = self
            .store
            .read(|db| Ok((visitors::is_any_left(db)?, orders::is_any_left(db)?)));
        let (removed, ordered) = any.await.unwrap_or_default();
        if removed {
            self.end_removed_sites().await;
        }
        if ordered {
            self.follow_orders().await;
        }
    }

    async fn follow_orders(&self) {
        loop {
            let taken = self.store.write(|db| orders::take(db, SWEEP_MAX)).await;
            let taken = taken.unwrap_or_default();
            if taken.is_empty() {
                return;
            }
            for (of, order) in taken {
                self.tell(match order {
                    Order::SignedOut(login) => Input::Revoked(of, login),
                    Order::Suspended(login) => Input::Suspended(of, login),
                    Order::Removed => Input::Unregistered(of),
                    Order::Made => Input::Registered(of),
                    Order::Changed => Input::Changed(of),
                });
            }
        }
    }
}
