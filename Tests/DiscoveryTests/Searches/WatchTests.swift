import Base
import BaseTestKit
import Foundation
import NIOCore
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing

@testable import Discovery
@testable import Web

/// Takes what a stream sends, and lets a test wait for it.
private final class Ear: BodyWriter {
    private struct State {
        var text = ""
        var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())

    var text: String { state.withLock { $0.text } }
    var count: Int { text.components(separatedBy: "\nevent: ").count - 1 }

    func write(_ buffer: ByteBuffer) async throws {
        let due: CheckedContinuation<Void, Never>? = state.withLock { state in
            state.text += String(buffer: buffer)
            guard let waiting = state.waiting,
                state.text.components(separatedBy: "\nevent: ").count - 1 >= waiting.count
            else { return nil }
            state.waiting = nil
            return waiting.continuation
        }
        due?.resume()
    }

    func finish(trailers: [(name: String, value: String)]) async throws {}

    /// Waits until so many events were sent.
    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                guard state.text.components(separatedBy: "\nevent: ").count - 1 < count else { return true }
                state.waiting = (count, continuation)
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}

@Suite(.databases) struct WatchTests {
    @Test(arguments: Backend.all)
    func `a watcher is told what is committed and reads nothing meanwhile`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...20), listed(21...30)])
            let search = try await stage.start(["running"])
            let ear = Ear()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await stage.bureau.watching.stream(
                        search.id, after: 0, in: stage.tenant, to: EventSender(writer: ear))
                }
                await ear.wait(for: 1)
                let recorded = RecordedStatements()
                for page in 0..<2 {
                    try await stage.fetch(try await stage.status(search).keywords[0])
                    while stage.clock.sleeperCount == 0 { await Task.yield() }
                    stage.storage.setRecorder(recorded)
                    stage.clock.advance(by: .milliseconds(250))
                    await ear.wait(for: page + 2)
                    stage.storage.setRecorder(nil)
                }
                #expect(recorded.names.isEmpty, "\(recorded.names)")
                try await stage.settle(search)
                for _ in 0..<1_000 where !ear.text.contains("event: end") {
                    stage.clock.advance(by: .milliseconds(250))
                    await Task.yield()
                }
                try await group.waitForAll()
            }
            #expect(ear.text.components(separatedBy: "\"sequence\":").count - 1 == 30)
            #expect(ear.text.contains("event: end") && ear.text.contains("\"state\":\"completed\""))
        }
    }

    @Test(arguments: Backend.all)
    func `who comes back with the last number gets what is behind it, and the end`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...20)])
            let search = try await stage.start(["running"])
            _ = try await stage.finish(search)
            let ear = Ear()
            try await stage.bureau.watching.stream(
                search.id, after: 15, in: stage.tenant, to: EventSender(writer: ear))
            #expect(ear.text.components(separatedBy: "\"sequence\":").count - 1 == 5)
            #expect(ear.text.hasPrefix("id: 20\nevent: end\n"))
        }
    }
}
