import Foundation

/// A program of this machine, run to its end or kept running.
struct Program: Sendable {
    var pid: pid_t

    /// Starts a program, with output and errors appended to the file `log`.
    init(_ arguments: [String], environment: [String: String] = [:], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var variables = ProcessInfo.processInfo.environment
        for (name, value) in environment { variables[name] = value }
        // The threads of Swift's tasks block all signals, and a child would inherit that: none could end it gently.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        pid = 0
        let status = posix_spawnp(&pid, arguments[0], &actions, &attributes, argv, envp)
        guard status == 0 else { throw Broken(.failed, "\(arguments[0]): \(String(cString: strerror(status)))") }
    }

    func signal(_ signal: Int32) { kill(pid, signal) }

    /// The exit status, 128 + n after signal n; nil while it runs; asked no more once it has answered.
    func poll() -> Int32? {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }

    /// Waits for the end.
    func end(within timeout: Duration) throws -> Int32 {
        var status: Int32?
        try eventually("the end of process \(pid)", for: timeout) {
            status = poll()
            return status != nil
        }
        return status ?? -1
    }

    /// Runs a program to its end and gives what it printed.
    ///
    /// - Throws: `Broken.failed` with the end of its output unless it ends with 0.
    @discardableResult
    static func run(
        _ arguments: [String], environment: [String: String] = [:], within timeout: Duration = .seconds(120)
    ) throws -> String {
        let (status, output) = try outcome(arguments, environment: environment, within: timeout)
        guard status == 0 else {
            throw Broken(.failed, "\(arguments.joined(separator: " ")) ended with \(status): \(output.suffix(2_000))")
        }
        return output
    }

    /// Runs a program to its end and gives its status and what it printed.
    static func outcome(
        _ arguments: [String], environment: [String: String] = [:], within timeout: Duration = .seconds(120)
    ) throws -> (status: Int32, output: String) {
        let folder = try TemporaryFolder()
        let log = folder.path + "/output"
        let program = try Program(arguments, environment: environment, log: log)
        let status = try program.end(within: timeout)
        return (status, String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self))
    }
}
