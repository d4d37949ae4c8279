import CoordinationRedis
import Foundation
import Synchronization

/// A server of Redis of a test's own, on the loopback, without persistence.
final class RedisServer: Sendable {
    let port: Int
    let address: String
    private let arguments: [String]
    private let folder: String
    private let pid = Mutex<pid_t>(0)

    /// Starts a server; `arguments` are settings of Redis, `address` what clients are given.
    init(port: Int = freePort(), arguments: [String] = [], address: String? = nil) throws {
        self.port = port
        self.address = address ?? "redis://127.0.0.1:\(port)"
        folder = try Programs.folder()
        self.arguments =
            [
                "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", folder, "--logfile", folder + "/log",
            ] + arguments
        try start()
    }

    deinit { kill() }

    /// Starts it, anew and empty if it ran before, and waits until it answers.
    func start() throws {
        let started = try Programs.start(arguments, log: folder + "/output")
        pid.withLock { $0 = started }
        let end = ContinuousClock.now + .seconds(20)
        while !isListening() {
            guard ContinuousClock.now < end else { throw Broken("a server of Redis does not start: \(folder)/log") }
            sched_yield()
        }
    }

    /// Ends it at once.
    func kill() {
        let pid = pid.withLock { pid in
            defer { pid = 0 }
            return pid
        }
        if pid > 0 { Programs.end(pid) }
    }

    /// Freezes it: connections stay, nothing answers.
    func freeze() { signal(SIGSTOP) }
    func thaw() { signal(SIGCONT) }

    private func signal(_ signal: Int32) { _ = pid.withLock { Foundation.kill($0, signal) } }

    private func isListening() -> Bool {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        return withLoopback(port) { connect(socket, $0, $1) } == 0
    }
}

struct Broken: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

private func withLoopback<Result>(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}

private let lastPort = Mutex(20_000 + Int(getpid()) % 1_000 * 2)

/// A port of the loopback that nobody listens on, with its neighbour 10,000 above, where nodes of a cluster talk.
func freePort() -> Int {
    func isFree(_ port: Int) -> Bool {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        return withLoopback(port) { bind(socket, $0, $1) } == 0
    }
    return lastPort.withLock { last in
        repeat { last = last < 22_700 ? last + 1 : 20_000 } while !isFree(last) || !isFree(last + 10_000)
        return last
    }
}

/// Programs of this machine, which end with the test process.
enum Programs {
    private static let running = Mutex<Set<pid_t>>([])
    private static let isArmed: Void = {
        atexit { Programs.endAll() }
    }()

    static func folder() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "capstan-redis-\(getpid())-\(freePort())")
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        return path.path
    }

    static func start(_ arguments: [String], log: String) throws -> pid_t {
        _ = isArmed
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // The threads of Swift's tasks block all signals, and a child would inherit that: none could end it gently.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let argv = arguments.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        var pid: pid_t = 0
        let status = posix_spawnp(&pid, arguments[0], &actions, &attributes, argv, environ)
        guard status == 0 else { throw Broken("\(arguments[0]): \(String(cString: strerror(status)))") }
        running.withLock { _ = $0.insert(pid) }
        return pid
    }

    /// Runs a program to its end.
    static func run(_ arguments: [String]) throws {
        let log = try folder() + "/log"
        let pid = try start(arguments, log: log)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        running.withLock { _ = $0.remove(pid) }
        guard status == 0 else {
            let output = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
            throw Broken("\(arguments.joined(separator: " ")) ended with \(status): \(output.suffix(1_000))")
        }
    }

    static func end(_ pid: pid_t) {
        guard running.withLock({ $0.remove(pid) }) != nil else { return }
        Foundation.kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    private static func endAll() { for pid in running.withLock({ $0 }) { Foundation.kill(pid, SIGKILL) } }
}
