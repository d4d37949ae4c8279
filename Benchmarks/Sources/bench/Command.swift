import Foundation
import Glibc
import Synchronization

/// A program that is run to its end, or beside us until it is stopped.
struct Command {
    /// Runs a program and returns what it printed.
    ///
    /// - Throws: ``Impossible`` with the end of its output when it fails.
    @discardableResult
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil
    ) throws -> String {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }  // What stays in the temporary folder does no harm.
        let output = folder.appendingPathComponent("out")
        var source = URL(fileURLWithPath: "/dev/null")
        if let input {
            source = folder.appendingPathComponent("in")
            try input.write(to: source, atomically: true, encoding: .utf8)
        }
        let child = try Child(
            url(of: program).path, arguments, environment: environment, input: source.path, output: output.path)
        let status = child.wait()
        let text = try String(contentsOf: output, encoding: .utf8)
        guard status == 0 else { throw Impossible("\(program) ended with \(status): \(text.suffix(800))") }
        return text
    }

    static func url(of program: String) throws -> URL {
        if program.contains("/") { return URL(fileURLWithPath: program) }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = ["/usr/lib/postgresql/15/bin"] + path.split(separator: ":").map(String.init)
        for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(program)") {
            return URL(fileURLWithPath: "\(folder)/\(program)")
        }
        throw Impossible("\(program) is not installed; Scripts/bench installs it")
    }

    /// A new folder that lives as long as the process's temporary files.
    static func temporaryFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("capstan-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}

/// A process of ours.
///
/// Not Foundation's: the threads of Swift's tasks block all signals, a process inherits that, and pgbench waits for ever
/// for the alarm that ends its run.
struct Child: Sendable {
    let pid: pid_t

    /// Starts a program with no signal blocked.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], input: String = "/dev/null",
        output: String
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        let argv = ([path] + arguments).map { strdup($0) } + [nil]
        let envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var started: pid_t = 0
        let status = posix_spawn(&started, path, &actions, &attributes, argv, envp)
        guard status == 0 else { throw Impossible("\(path) does not start: \(String(cString: strerror(status)))") }
        pid = started
    }

    /// Waits for the end; gives the exit status, 128 + n after signal n.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return Self.code(status)
    }

    /// The exit status, when it has ended; asked no more once it has answered.
    func poll() -> Int32? {
        var status: Int32 = 0
        return waitpid(pid, &status, WNOHANG) == pid ? Self.code(status) : nil
    }

    private static func code(_ status: Int32) -> Int32 {
        status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
}

/// A server that runs beside us.
final class Server: Sendable {
    let child: Child
    let address: String
    let log: URL
    private let isStopped = Mutex(false)

    /// Starts `program` and waits until `path` answers.
    init(
        _ program: String, _ arguments: [String], port: Int, path: String, environment: [String: String] = [:]
    ) async throws {
        address = "http://127.0.0.1:\(port)"
        log = try Command.temporaryFolder().appendingPathComponent("server.log")
        child = try Child(program, arguments, environment: environment, output: log.path)
        for _ in 0..<1_200 {
            // No answer yet is what is waited for.
            if (try? Command.run("curl", ["-sf", "-o", "/dev/null", address + path])) != nil { return }
            if child.poll() != nil {
                isStopped.withLock { $0 = true }
                break
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        stop()
        throw Impossible(
            "\(program) did not answer: \((try? String(contentsOf: log, encoding: .utf8))?.suffix(800) ?? "")")
    }

    deinit { stop() }

    /// Bytes of memory that the process holds now.
    var residentBytes: Int {
        let status = (try? String(contentsOfFile: "/proc/\(child.pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1_024
    }

    /// Ends the process at once, as a machine that dies does.
    func kill() { end(by: SIGKILL) }

    /// Ends the process as an operator does.
    func stop() { end(by: SIGTERM) }

    private func end(by signal: Int32) {
        let mustStop = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        guard mustStop else { return }
        Glibc.kill(child.pid, signal)
        _ = child.wait()
    }

    /// The built program beside this one.
    static func built(_ name: String) -> String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// A port that nobody listens at now.
    static func freePort() -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                _ = getsockname(descriptor, $0, &length)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
