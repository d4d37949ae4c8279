import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The process's standard error as a sink of whole lines.
public enum StandardError {
    private static let turn = Mutex(())

    /// Writes all of the text before anybody else's; gives up when standard error is closed.
    public static func write(_ text: borrowing String) {
        var text = copy text
        turn.withLock { _ in
            text.withUTF8 { bytes in
                var rest = UnsafeRawBufferPointer(bytes)
                while let start = rest.baseAddress, !rest.isEmpty {
                    #if canImport(Glibc)
                        let written = Glibc.write(2, start, rest.count)
                    #else
                        let written = Darwin.write(2, start, rest.count)
                    #endif
                    if written < 0 {
                        if errno == EINTR { continue }
                        // Nobody reads standard error, and there is no other place to tell.
                        return
                    }
                    rest = UnsafeRawBufferPointer(rebasing: rest[written...])
                }
            }
        }
    }
}
