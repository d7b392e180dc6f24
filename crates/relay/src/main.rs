//! The binary: everything is in the library, where tests reach it.

use std::process::ExitCode;

/// Many small values that come and go on several threads: what is free is given back, and taking costs half.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    lamplight::run()
}
