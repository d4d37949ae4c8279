public import Base
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Takes the text out of PDF files with `pdftotext`, where it is installed: without a shell, within bounds of time,
/// memory and output, on a copy that is removed afterwards.
public struct PDFReader: Sendable {
    private enum Bounds {
        static let deadline = Duration.seconds(60)
        static let processorSeconds = 30
        static let memoryBytes = 1 << 30
    }

    private let program: String
    private let clock: any WallClock
    private let randomness: any Randomness

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - program: the name or path. Defaults to `pdftotext` in the path.
    ///   - clock: ends what takes too long.
    ///   - randomness: names the copy.
    public init(_ program: String = "pdftotext", clock: any WallClock, randomness: any Randomness) {
        self.program = program
        self.clock = clock
        self.randomness = randomness
    }

    /// Whether PDF files can be read on this machine.
    public var isInstalled: Bool { Self.path(of: program) != nil }

    /// Reads a file.
    ///
    /// - Parameter bytes: at most ``DocumentText/Bounds/fileBytes``.
    /// - Returns: the text of all pages.
    /// - Throws: `retrieval.converterMissing` where the program is not installed; `retrieval.documentUnreadable` for what
    ///   is no PDF, has no text, or takes too long; `retrieval.documentTooLarge`; `CancellationError`.
    @concurrent public func read(_ bytes: [UInt8]) async throws -> DocumentText {
        guard bytes.count <= DocumentText.Bounds.fileBytes else {
            throw DocumentText.tooLarge("file", bytes.count, DocumentText.Bounds.fileBytes)
        }
        guard bytes.starts(with: "%PDF-".utf8) else {
            throw RetrievalError(.documentUnreadable, "The document is no PDF.")
        }
        guard let path = Self.path(of: program) else {
            throw RetrievalError(
                .converterMissing,
                "PDF files are read by pdftotext, which is not installed here: install poppler-utils, or give text.")
        }
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "capstan-pdf-\(ID<DocumentText>(at: clock.now(), using: randomness))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // What cannot be removed is a temporary file, which the system clears.
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(bytes).write(to: folder.appending(path: "in.pdf"))
        let status = try await run(path, in: folder)
        try Task.checkCancellation()
        guard status == 0 else {
            throw RetrievalError(
                .documentUnreadable, "pdftotext could not read the document.", context: ["status": "\(status)"])
        }
        let file = try FileHandle(forReadingFrom: folder.appending(path: "out.txt"))
        let text = try file.read(upToCount: DocumentText.Bounds.textBytes + 1) ?? Data()
        try file.close()
        guard text.count <= DocumentText.Bounds.textBytes else {
            throw DocumentText.tooLarge("text", text.count, DocumentText.Bounds.textBytes)
        }
        // A form feed stands between pages.
        return try DocumentText(
            String(decoding: text, as: UTF8.self).replacing("\u{0C}", with: "\n\n"), as: .text)
    }

    private func run(_ path: String, in folder: URL) async throws -> Int32 {
        let process = Process()
        var words = ["nice", "-n", "15"]
        if let bounder = Self.path(of: "prlimit") {
            words += [
                bounder, "--cpu=\(Bounds.processorSeconds)", "--fsize=\(DocumentText.Bounds.textBytes * 2)", "--core=0",
                "--as=\(Bounds.memoryBytes)", "--",
            ]
        }
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words + [path, "-q", "-enc", "UTF-8", "in.pdf", "out.txt"]
        process.currentDirectoryURL = folder
        // Nothing of this server's surroundings: keys and addresses of databases stand there.
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": folder.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let run = ProgramRun()
        process.terminationHandler = { run.end($0.terminationReason == .exit ? $0.terminationStatus : 255) }
        try process.run()
        let pid = process.processIdentifier
        return await withTaskCancellationHandler {
            await withTaskGroup(of: Int32?.self) { group in
                group.addTask { await run.wait() }
                group.addTask { [clock] in
                    // Cancelled when the program has ended in time.
                    if (try? await clock.sleep(for: Bounds.deadline)) != nil { run.kill(pid) }
                    return nil
                }
                var status: Int32 = 255
                for await ended in group {
                    guard let ended else { continue }
                    status = ended
                    group.cancelAll()
                }
                return status
            }
        } onCancel: {
            run.kill(pid)
        }
    }

    private static func path(of name: String) -> String? {
        if name.contains("/") { return FileManager.default.isExecutableFile(atPath: name) ? name : nil }
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(
            separator: ":")
        return folders.lazy.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// The end of one program, which is waited for whatever happens.
private final class ProgramRun: Sendable {
    private let state = Mutex((status: Int32?.none, waiter: CheckedContinuation<Int32, Never>?.none))

    func end(_ status: Int32) {
        let waiter = state.withLock { state in
            state.status = status
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: status)
    }

    func wait() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status = state.withLock { state in
                if state.status == nil { state.waiter = continuation }
                return state.status
            }
            if let status { continuation.resume(returning: status) }
        }
    }

    func kill(_ pid: Int32) {
        state.withLock { state in
            guard state.status == nil else { return }
            #if canImport(Glibc)
                _ = Glibc.kill(pid, SIGKILL)
            #else
                _ = Darwin.kill(pid, SIGKILL)
            #endif
        }
    }
}
