import Base
import BaseTestKit
import Foundation
import Realtime
import RealtimeTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Hosting

/// The real server, as clients see it that are not ours.
@Suite(.databases, .serialized) struct ServerTests {
    private static let python = ProcessInfo.processInfo.environment["CAPSTAN_TEST_WEBSOCKETS"]
    private static let backend = Backend.all.filter { $0.name == "sqlite" }

    private func serving(
        _ backend: Backend, _ body: @Sendable (RunningServer, RealtimeStage, RealtimeStage.Node) async throws -> Void
    ) async throws {
        let stage = try await RealtimeStage(on: backend, sharing: .inProcess())
        let node = try await stage.node { $0.connectionsPerSeat = 50 }
        let test = try await TestSite(RealtimeRoutes(realtime: node.realtime).routes)
        try await stage.running([node]) {
            try await TestServer.run(test.site) { server in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await keepPublishing(to: node, for: test.tenant) }
                    try await body(server, stage, node)
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        }
    }

    private func keepPublishing(to node: RealtimeStage.Node, for tenant: Tenant) async throws {
        let large = "\"" + String(repeating: "x", count: 30_000) + "\""
        do {
            for number in 1... {
                try await node.storage.write(for: tenant) { try $0.publish(number, to: RealtimeStage.hall("tick")) }
                for _ in 0..<16 { node.realtime.tell(json: large, to: RealtimeStage.room("flood"), for: tenant) }
                try await SystemClock().sleep(for: .milliseconds(25))
            }
        } catch {
            // The end of the test interrupts whatever is under way.
            if !Task.isCancelled { throw error }
        }
    }

    /// Asked for before anything is served that would wait for it.
    private func client() throws -> String {
        try #require(Self.python, "the Python of Scripts/lib.sh's need_websockets, set by Scripts/test")
    }

    private func run(_ python: String, _ arguments: [String]) async throws -> (status: Int32, output: String) {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let output = FileManager.default.temporaryDirectory.appendingPathComponent(
            "websocket-cases-\(SystemRandomness().next())")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let handle = try FileHandle(forWritingTo: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [root.appendingPathComponent("Scripts/websocket-cases.py").path] + arguments
        process.standardOutput = handle
        process.standardError = handle
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        let text = try String(contentsOf: output, encoding: .utf8)
        try FileManager.default.removeItem(at: output)
        return (status, text)
    }

    @Test(arguments: backend) func `a client that is not ours finds the protocol kept`(backend: Backend) async throws {
        let python = try client()
        try await serving(backend) { server, _, _ in
            let (status, output) = try await run(python, ["\(server.port)", "cases"])
            #expect(status == 0, "\(output)")
        }
    }

    @Test(arguments: backend)
    func `a server that stops sends its clients away with a hint`(backend: Backend) async throws {
        let python = try client()
        try await serving(backend) { server, _, node in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let (status, output) = try await run(python, ["\(server.port)", "drain"])
                    #expect(status == 0, "\(output)")
                }
                while node.realtime.status.topics == 0 { try await SystemClock().sleep(for: .milliseconds(5)) }
                await server.stop()
                try await group.waitForAll()
            }
        }
    }
}
