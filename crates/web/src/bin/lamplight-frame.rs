//! The conversation on another site's page as a program.
#![forbid(unsafe_code)]

fn main() {
    lamplight_web::frame();
}
