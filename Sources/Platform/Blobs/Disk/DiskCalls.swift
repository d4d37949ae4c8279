#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system calls that decide whether data survives; tests put failing ones in their place.
struct DiskCalls: Sendable {
    /// Writes, and returns how much; throws a ``DiskFailure``.
    var write: @Sendable (_ file: DiskFile, _ bytes: UnsafeRawBufferPointer) throws(DiskFailure) -> Int = {
        file, bytes throws(DiskFailure) in
        while true {
            #if canImport(Glibc)
                let written = Glibc.write(file.descriptor, bytes.baseAddress, bytes.count)
            #else
                let written = Darwin.write(file.descriptor, bytes.baseAddress, bytes.count)
            #endif
            if written >= 0 { return written }
            if errno != EINTR { throw DiskFailure("write") }
        }
    }

    /// Brings a file or folder to stable storage.
    var sync: @Sendable (_ file: DiskFile) throws(DiskFailure) -> Void = { file throws(DiskFailure) in
        while fsync(file.descriptor) != 0 {
            if errno != EINTR { throw DiskFailure("fsync") }
        }
    }
}

/// A system call that failed.
struct DiskFailure: Error, CustomStringConvertible {
    var call: String
    var number: Int32

    init(_ call: String, _ number: Int32 = errno) {
        self.call = call
        self.number = number
    }

    var description: String { "\(call): \(String(cString: strerror(number))) (\(number))" }

    /// The same failure as callers of the store see it.
    func asBlobsError(_ key: String) -> BlobsError {
        switch number {
        case ENOSPC, EDQUOT:
            BlobsError(
                .diskFull, "The object could not be stored: the disk is full. Free space or move the blobs folder.",
                context: ["key": key])
        default:
            BlobsError(
                .storeFailed, "The blobs folder could not be read or written (\(description)).", context: ["key": key])
        }
    }
}

/// An open file that closes itself.
///
/// Passed on whole, never as its descriptor: the file is closed as soon as nobody holds this object.
final class DiskFile: Sendable {
    let descriptor: Int32

    init(opening path: String, _ flags: Int32, mode: mode_t = 0o640) throws(DiskFailure) {
        while true {
            let descriptor = open(path, flags | O_CLOEXEC, mode)
            if descriptor >= 0 {
                self.descriptor = descriptor
                return
            }
            if errno != EINTR { throw DiskFailure("open") }
        }
    }

    deinit { close(descriptor) }

    /// The file's size; `nil` when it is no regular file.
    func size() throws(DiskFailure) -> Int? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw DiskFailure("fstat") }
        return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    /// Reads from `offset` until the buffer is full or the file ends; returns how much.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskFailure) -> Int {
        var filled = 0
        while filled < buffer.count {
            let got = pread(
                descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(offset + filled))
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                throw DiskFailure("pread")
            }
            filled += got
        }
        return filled
    }
}
