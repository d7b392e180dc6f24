//! Each scene as a test of its own, named by its theme and its sentence.

macro_rules! tests {
    ($($theme:ident { $($name:ident)* })*) => {$(
        mod $theme {$(
            #[test]
            fn $name() {
                lamplight_tests::scenes::play(stringify!($name));
            }
        )*}
    )*};
}

lamplight_tests::all_scenes!(tests);

/// Nothing in a scene may hang on one seed; `LAMPLIGHT_SEEDS` says how many more to play each with.
#[test]
fn every_scene_holds_for_other_seeds() {
    let more = std::env::var("LAMPLIGHT_SEEDS").map_or(3, |more| more.parse().expect("a number"));
    for seed in 2..2 + more {
        for scene in lamplight_tests::scenes::ALL {
            // Shown if the scene fails.
            println!("{}, seed {seed}", scene.name);
            scene.trace(seed);
        }
    }
}
