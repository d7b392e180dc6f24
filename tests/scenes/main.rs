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
