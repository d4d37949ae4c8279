import Base
import Crypto
import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An upload on its way: a file that nobody looks for, until it is complete and given its name.
///
/// Whatever way the upload ends without ``commit(_:in:conflict:)``, the file is gone with this object, or at once by
/// ``discard()``.
final class DiskIncoming: Sendable {
    private struct State {
        var hasher = SHA256()
        var size = 0
        var isSettled = false
    }

    private let path: String
    private let file: DiskFile
    private let calls: DiskCalls
    private let state = Mutex(State())

    init(path: String, calls: DiskCalls) throws(DiskFailure) {
        self.path = path
        self.calls = calls
        file = try DiskFile(opening: path, O_WRONLY | O_CREAT | O_EXCL)
    }

    deinit { discard() }

    /// Removes the file's first name, unless the file was given another one by renaming.
    func discard() {
        state.withLock { state in
            guard !state.isSettled else { return }
            state.isSettled = true
            unlink(path)
        }
    }

    var size: Int { state.withLock(\.size) }

    /// Appends content.
    ///
    /// Blocks.
    func append(_ chunk: ByteBuffer) throws(DiskFailure) {
        let written = chunk.withUnsafeReadableBytes { bytes -> Result<Void, DiskFailure> in
            Result { () throws(DiskFailure) in
                try writeAll(bytes)
                state.withLock { state in
                    state.hasher.update(bufferPointer: bytes)
                    state.size += bytes.count
                }
            }
        }
        try written.get()
    }

    /// The hash of what was appended.
    var hash: BlobHash { state.withLock { BlobHash($0.hasher.finalize()) } }

    /// Appends the trailer and brings the file to stable storage.
    ///
    /// Blocks.
    func seal(_ trailer: DiskTrailer) throws(DiskFailure) {
        let written = trailer.bytes.withUnsafeBytes { bytes in
            Result { () throws(DiskFailure) in try writeAll(bytes) }
        }
        try written.get()
        try calls.sync(file)
    }

    /// Gives the file its name; returns `false` when the name is taken and the old file stays.
    ///
    /// Blocks.
    func commit(_ final: String, in folder: String, conflict: BlobUpload.Conflict) throws(DiskFailure) -> Bool {
        switch conflict {
        case .replace:
            guard rename(path, final) == 0 else { throw DiskFailure("rename") }
            state.withLock { $0.isSettled = true }
        case .keep:
            // A hard link fails when the name is taken, which rename does not.
            if link(path, final) != 0 {
                if errno == EEXIST { return false }
                throw DiskFailure("link")
            }
        }
        do throws(DiskFailure) {
            try calls.sync(DiskFile(opening: folder, O_RDONLY | O_DIRECTORY))
        } catch  where error.number == ENOENT {
            // Deleted by somebody else as soon as it had its name, and the folder with it.
        }
        return true
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(DiskFailure) {
        var rest = bytes
        while !rest.isEmpty {
            let written = try calls.write(file, rest)
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }
}
