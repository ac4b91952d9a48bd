import ArgumentParser
import Glibc

/// Where the process begins.
///
/// The first thread waits here, and does not become the main queue's own as it would with an `async` main: that ends the thread with
/// pthread_exit(3), for which the C library wants libgcc_s.so.1 on the machine. In a sandbox there may be nothing but the C library.
@main
enum Entry {
    static func main() {
        Task.detached {
            await NinepinCommand.main()
            exit(EXIT_SUCCESS)
        }
        while true { pause() }
    }
}
