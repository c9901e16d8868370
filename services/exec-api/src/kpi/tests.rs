//! The service against a local server with the providers' documented shapes, and with every fault they may have.

mod fake;
mod faults;
mod shapes;
