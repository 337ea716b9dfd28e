//! The program `frontdesk`. Everything is in the library beside it; start at [`server::cli`].

fn main() -> std::process::ExitCode {
    server::cli::main()
}
