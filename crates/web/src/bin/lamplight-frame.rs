//! The conversation on another site's page as a program.
#![forbid(unsafe_code)]

/// Made without the package's default features, which are the page's.
fn main() {
    #[cfg(not(feature = "page"))]
    lamplight_web::frame();
}
