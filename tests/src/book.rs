//! The pages of the book that hold Rust code, for rustdoc to compile and run.
//!
//! A test sees to it that no page is left out.

macro_rules! pages {
    ($($name:ident: $path:literal),+ $(,)?) => {
        /// The pages, as paths below the book's source folder.
        pub const PAGES: &[&str] = &[$($path),+];

        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../docs/src/", $path))]
            pub mod $name {}
        )+
    };
}

pages! {
    state: "state.md",
    secrets: "authors/secrets.md",
    testing: "authors/testing.md",
    tests: "contributing/tests.md",
}
