import Base
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs one program of somebody else's on files that nobody trusts: without a shell, at low priority, with bounds on
/// time, processor, memory and output, and gone for certain when its work is given up.
struct MediaProgram: Sendable {
    /// What a run may take.
    struct Bounds: Sendable, Hashable {
        /// Time on the wall.
        var deadline: Duration
        /// Time on a processor, where the system can bound it.
        var processorSeconds: Int
        /// The largest file it may write, where the system can bound it.
        var outputBytes: Int
        /// Memory, where the system can bound it.
        var memoryBytes = 2 << 30
    }

    /// How a run ended other than well.
    enum Failure: Error, Sendable, Hashable {
        /// There is no such program.
        case missing
        /// It ran longer than it may.
        case tooSlow
        /// It ended with this status; the end of what it said.
        case failed(status: Int32, said: String)
        /// Its work was given up.
        case cut
    }

    /// The name or path.
    let name: String
    let clock: any WallClock

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - arguments: what it is told.
    ///   - folder: where it works; what it says is written there.
    ///   - bounds: what it may take.
    ///   - leash: ends it from outside.
    ///   - output: the name of a file for what it prints; `nil` throws that away.
    /// - Throws: `Failure`, or `CancellationError`; the program has ended then.
    @concurrent
    func run(
        _ arguments: [String], in folder: URL, within bounds: Bounds, on leash: MediaLeash = MediaLeash(),
        output: String? = nil
    ) async throws {
        guard !leash.isCut else { throw Failure.cut }
        let saying = folder.appending(path: "said.txt")
        let (process, files) = try prepare(arguments, in: folder, within: bounds, output: output, saying: saying)
        // The files are the program's now; ours may be closed whatever becomes of that.
        defer { for file in files { try? file.close() } }
        let run = MediaRun()
        process.terminationHandler = { ended in run.end(ended.terminationStatus, ended.terminationReason) }
        try Task.checkCancellation()
        try process.run()
        run.began(process.processIdentifier)
        let status = await withTaskCancellationHandler {
            await withTaskGroup(of: Int32?.self) { group in
                group.addTask { await run.wait() }
                group.addTask { [clock] in
                    // Cancelled when the program has ended in time.
                    if (try? await clock.sleep(for: bounds.deadline)) != nil { run.kill(.tooSlow) }
                    return nil
                }
                leash.hold(run)
                var status: Int32 = -1
                for await ended in group {
                    guard let ended else { continue }
                    status = ended
                    group.cancelAll()
                }
                return status
            }
        } onCancel: {
            run.kill(.cut)
        }
        leash.release(run)
        try Task.checkCancellation()
        if let reason = run.reason { throw reason }
        guard status == 0 else { throw Failure.failed(status: status, said: Self.end(of: saying)) }
    }

    private func prepare(
        _ arguments: [String], in folder: URL, within bounds: Bounds, output: String?, saying: URL
    ) throws -> (Process, [FileHandle]) {
        guard let path = Self.path(of: name) else { throw Failure.missing }
        let process = Process()
        var words = ["nice", "-n", "15"]
        if let bounder = Self.path(of: "prlimit") {
            words += [
                bounder, "--cpu=\(bounds.processorSeconds)", "--fsize=\(bounds.outputBytes)", "--core=0",
                "--as=\(bounds.memoryBytes)", "--",
            ]
        }
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words + [path] + arguments
        process.currentDirectoryURL = folder
        // Nothing of this server's surroundings: keys and addresses of databases stand there.
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": folder.path]
        process.standardInput = FileHandle.nullDevice
        let files = try [output.map { folder.appending(path: $0) }, saying].compactMap { $0 }.map { file in
            try Data().write(to: file)
            return try FileHandle(forWritingTo: file)
        }
        process.standardOutput = output == nil ? FileHandle.nullDevice : files[0]
        process.standardError = files[files.count - 1]
        return (process, files)
    }

    /// Where a program is found; `nil` when it is not.
    static func path(of name: String) -> String? {
        if name.contains("/") { return FileManager.default.isExecutableFile(atPath: name) ? name : nil }
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(
            separator: ":")
        return folders.lazy.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static func end(of file: URL) -> String {
        // What a program said before it failed helps to find out why; without it the status remains.
        guard let handle = try? FileHandle(forReadingFrom: file) else { return "" }
        // A file that cannot be read to its end has said what could be read.
        defer { try? handle.close() }
        let bytes = (try? handle.read(upToCount: 2_048)) ?? Data()  // The same.
        return String(decoding: bytes, as: UTF8.self).replacing("\n", with: " ")
    }
}

/// What a program's run is ended by from outside.
final class MediaLeash: Sendable {
    /// Why work is given up.
    enum Reason: Sendable, Hashable {
        /// Its clip was removed, or its lease was lost: it is nobody's business any more.
        case lost
        /// The process stops; somebody else may go on.
        case stopping
    }

    private struct State {
        var run: MediaRun?
        var reason: Reason?
    }

    private let state = Mutex(State())

    /// Whether the work is given up, and why.
    var reason: Reason? { state.withLock(\.reason) }
    var isCut: Bool { reason != nil }

    /// Gives the work up and ends what runs for it.
    func cut(_ reason: Reason) {
        let run = state.withLock { state in
            state.reason = state.reason ?? reason
            return state.run
        }
        run?.kill(.cut)
    }

    fileprivate func hold(_ run: MediaRun) {
        let isCut = state.withLock { state in
            state.run = run
            return state.reason != nil
        }
        if isCut { run.kill(.cut) }
    }

    fileprivate func release(_ run: MediaRun) {
        state.withLock { state in
            if state.run === run { state.run = nil }
        }
    }
}

/// One process from its start to its end, which is waited for whatever happens.
private final class MediaRun: Sendable {
    private struct State {
        var pid: Int32?
        var status: Int32?
        var reason: MediaProgram.Failure?
        var waiter: CheckedContinuation<Int32, Never>?
    }

    private let state = Mutex(State())

    /// Why it was ended; `nil` when it ended by itself.
    var reason: MediaProgram.Failure? { state.withLock(\.reason) }

    func began(_ pid: Int32) {
        state.withLock { state in
            guard state.status == nil else { return }
            state.pid = pid
            // Given up before it had begun.
            if state.reason != nil { Self.kill(pid) }
        }
    }

    func end(_ status: Int32, _ reason: Process.TerminationReason) {
        let waiter = state.withLock { state in
            state.status = reason == .exit ? status : 128 + status
            state.pid = nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: reason == .exit ? status : 128 + status)
    }

    /// The status with which it ended.
    func wait() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status = state.withLock { state in
                if state.status == nil { state.waiter = continuation }
                return state.status
            }
            if let status { continuation.resume(returning: status) }
        }
    }

    func kill(_ reason: MediaProgram.Failure) {
        state.withLock { state in
            guard state.status == nil else { return }
            state.reason = state.reason ?? reason
            if let pid = state.pid { Self.kill(pid) }
        }
    }

    /// At once: a program that reads what nobody trusts is not asked.
    private static func kill(_ pid: Int32) {
        #if canImport(Glibc)
            Glibc.kill(pid, SIGKILL)
        #else
            Darwin.kill(pid, SIGKILL)
        #endif
    }
}
