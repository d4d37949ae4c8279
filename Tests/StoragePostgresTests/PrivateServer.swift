import Base
import Dispatch
import Foundation
import Storage
import Testing

/// A PostgreSQL of a test's own, to be killed, stopped and frozen.
struct PrivateServer {
    private let folder: URL
    let url: Secret<String>

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Scripts/postgres").path

    private init(folder: URL, url: Secret<String>) {
        self.folder = folder
        self.url = url
    }

    /// Makes a server, hands it to `body` and removes it.
    static func with(_ body: (PrivateServer) async throws -> Void) async throws {
        let name = ID<Tenant>(at: SystemClock().now(), using: SystemRandomness())
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("capstan-pg-\(name)")
        try await run("create", folder)
        let server = PrivateServer(folder: folder, url: Secret(try await run("url", folder)))
        var failure: (any Error)?
        do { try await body(server) } catch { failure = error }
        try await run("stop", folder)
        try FileManager.default.removeItem(at: folder)
        if let failure { throw failure }
    }

    func kill() async throws { try await Self.run("kill", folder) }
    func start() async throws { try await Self.run("start", folder) }
    func stop() async throws { try await Self.run("stop", folder) }
    func pause() async throws { try await Self.run("pause", folder) }
    func resume() async throws { try await Self.run("resume", folder) }

    /// Runs the script on a thread that may block.
    ///
    /// Not with Foundation's `Process`: it takes a child for running as long as a grandchild, here the server, lives.
    @discardableResult
    private static func run(_ verb: String, _ folder: URL) async throws -> String {
        let output = folder.deletingLastPathComponent().appendingPathComponent("\(folder.lastPathComponent).\(verb)")
        let status = await withUnsafeContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: spawn([script, verb, folder.path], output: output.path))
            }
        }
        let text = try String(contentsOf: output, encoding: .utf8)
        try FileManager.default.removeItem(at: output)
        guard status == 0 else { throw StorageError(.setup, "Scripts/postgres \(verb) ended with \(status)") }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func spawn(_ arguments: [String], output: String) -> Int32 {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let texts = (["bash"] + arguments).map { strdup($0) }
        defer {
            for text in texts { free(text) }
            posix_spawn_file_actions_destroy(&files)
        }
        var child = pid_t()
        guard posix_spawn(&child, "/bin/bash", &files, nil, texts + [nil], environ) == 0 else { return -1 }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }
}
