import Foundation

/// The built binary under test, and one of its servers.
final class Capstan {
    /// The binary beside the test bundle, unless `CAPSTAN_TEST_BINARY` names another.
    static let binary: String = {
        if let named = ProcessInfo.processInfo.environment["CAPSTAN_TEST_BINARY"] { return named }
        return URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
            + "/capstan"
    }()

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    let arguments: [String]
    let environment: [String: String]
    let port: UInt16
    let log: String
    private(set) var program: Program?

    /// Prepares a server on `database`; nothing runs yet.
    init(
        database: String, data: String, options: [String] = [], environment: [String: String] = [:]
    ) throws {
        port = try HTTPConnection.freePort()
        arguments =
            [Self.binary, "serve", "--database", database, "--listen", "127.0.0.1:\(port)", "--data", data] + options
        self.environment = environment
        log = data + "/server.log"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    }

    deinit {
        guard let program else { return }
        program.signal(SIGKILL)
        // A process that was killed ends; how long that takes is no concern of the test.
        _ = try? program.end(within: .seconds(10))
    }

    /// Starts the server and waits until it is ready.
    func start(within timeout: Duration = .seconds(300)) throws {
        let program = try Program(arguments, environment: environment, log: log)
        self.program = program
        try eventually("capstan to be ready; its log ends with:\n\(logEnd)", for: timeout) {
            if let status = program.poll() {
                self.program = nil
                throw Broken(.failed, "capstan ended with \(status) before it was ready:\n\(logEnd)")
            }
            return isReady
        }
    }

    /// Whether it was started and neither killed nor asked to stop since.
    var isRunning: Bool { program != nil }

    var isReady: Bool {
        // No connection, or none that is answered: not ready.
        guard let answer = try? HTTPConnection(port: port, timeout: .seconds(5)).send(.get("/health/ready")) else {
            return false
        }
        return answer.status == 200
    }

    /// Kills the server as a power cut would, and waits until it is gone.
    func kill() throws {
        guard let program else { return }
        program.signal(SIGKILL)
        _ = try program.end(within: .seconds(30))
        self.program = nil
    }

    /// Asks the server to stop and gives its exit status.
    func terminate(within timeout: Duration = .seconds(60)) throws -> Int32 {
        guard let program else { return 0 }
        program.signal(SIGTERM)
        let status = try program.end(within: timeout)
        self.program = nil
        return status
    }

    var logEnd: String {
        String(decoding: (FileManager.default.contents(atPath: log) ?? Data()).suffix(4_000), as: UTF8.self)
    }

    func connect(timeout: Duration = .seconds(30)) throws -> HTTPConnection {
        try HTTPConnection(port: port, timeout: timeout)
    }

    /// Sends one request on a connection of its own.
    func send(_ request: HTTPRequest) throws -> HTTPAnswer { try connect().send(request) }
}
