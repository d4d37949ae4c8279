public import Base
public import Foundation
import Subprocess
import SystemPackage

/// A program of somebody else's, run on files that nobody trusts: without a shell, at low priority, with bounds on time,
/// processor, memory and output, and gone for certain when its run is given up.
public struct BoundedProgram: Sendable {
    /// What a run may take.
    public struct Bounds: Sendable, Hashable {
        /// Time on the wall.
        public var deadline: Duration
        /// Seconds on a processor, where the system can bound it.
        public var processorSeconds: Int
        /// The largest file it may write, in bytes, where the system can bound it.
        public var outputBytes: Int
        /// Memory in bytes, where the system can bound it.
        public var memoryBytes: Int

        /// Makes bounds.
        public init(deadline: Duration, processorSeconds: Int, outputBytes: Int, memoryBytes: Int = 2 << 30) {
            self.deadline = deadline
            self.processorSeconds = processorSeconds
            self.outputBytes = outputBytes
            self.memoryBytes = memoryBytes
        }
    }

    /// How a run ended other than well.
    public enum Failure: Error, Sendable, Hashable {
        /// There is no such program.
        case missing
        /// It ran longer than it may, and was killed.
        case tooSlow
        /// It ended with this status, 128 and the signal when one ended it; the end of what it said.
        case failed(status: Int32, said: String)
    }

    private enum Limits {
        static let saidBytes: UInt64 = 2_048
    }

    /// The name, which is looked for in the folders of `PATH`, or the path.
    public let name: String
    private let clock: any WallClock

    /// Names a program.
    public init(name: String, clock: any WallClock) {
        self.name = name
        self.clock = clock
    }

    /// Whether the program is there.
    public var isThere: Bool { path != nil }

    /// Runs the program to its end; when the task is cancelled, the program is killed first.
    ///
    /// - Parameters:
    ///   - arguments: What it is told.
    ///   - folder: Where it works; what it says is written there, to `said.txt`.
    ///   - bounds: What it may take.
    ///   - output: The name of a file in the folder for what it prints; `nil` throws that away.
    /// - Throws: ``Failure``, or `CancellationError`; the program has ended then.
    @concurrent
    public func run(_ arguments: [String], in folder: URL, within bounds: Bounds, output: String? = nil) async throws {
        try Task.checkCancellation()
        guard let path else { throw Failure.missing }
        let saying = folder.appending(path: "said.txt")
        let printing = output.map { folder.appending(path: $0).path } ?? "/dev/null"
        let status: Int32? = try await withThrowingTaskGroup(of: Int32?.self) { group in
            group.addTask {
                try await spawn(Self.words(path, arguments, bounds), in: folder, printing: printing, saying: saying)
            }
            group.addTask { [clock] in
                try await clock.sleep(for: bounds.deadline)
                return nil
            }
            // The other is cancelled, and waited for.
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        try Task.checkCancellation()
        guard let status else { throw Failure.tooSlow }
        guard status == 0 else { throw Failure.failed(status: status, said: Self.end(of: saying)) }
    }

    /// Bounds first, then the program: at low priority, and with what a system can hold it to.
    private static func words(_ path: String, _ arguments: [String], _ bounds: Bounds) -> [String] {
        var words = ["nice", "-n", "15"]
        if let bounder = Self.path(of: "prlimit") {
            words += [
                bounder, "--cpu=\(bounds.processorSeconds)", "--fsize=\(bounds.outputBytes)", "--core=0",
                "--as=\(bounds.memoryBytes)", "--",
            ]
        }
        return words + [path] + arguments
    }

    /// Runs a command to its end, and kills it at once when the task is cancelled: a program that reads what nobody
    /// trusts is not asked.
    private func spawn(_ words: [String], in folder: URL, printing: String, saying: URL) async throws -> Int32 {
        let prints = try Self.open(printing)
        // What the program has is a copy; ours goes whatever becomes of it.
        defer { try? prints.close() }
        let says = try Self.open(saying.path)
        // The same.
        defer { try? says.close() }
        let ended = try await Subprocess.run(
            .path("/usr/bin/env"), arguments: Arguments(words),
            // Nothing of this server's surroundings: keys and addresses of databases stand there.
            environment: .custom(["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": folder.path]),
            workingDirectory: FilePath(folder.path),
            output: .fileDescriptor(prints, closeAfterSpawningProcess: false),
            error: .fileDescriptor(says, closeAfterSpawningProcess: false))
        return switch ended.terminationStatus {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }

    private static func open(_ path: String) throws -> FileDescriptor {
        try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
    }

    private var path: String? { Self.path(of: name) }

    private static func path(of name: String) -> String? {
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
        let size = (try? handle.seekToEnd()) ?? 0  // The same.
        try? handle.seek(toOffset: size - min(size, Limits.saidBytes))  // The same.
        let bytes = (try? handle.readToEnd()) ?? Data()  // The same.
        return String(decoding: bytes, as: UTF8.self).replacing("\n", with: " ")
    }
}
