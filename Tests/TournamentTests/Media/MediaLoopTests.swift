import Base
import BaseTestKit
import Foundation
import Logging
import ServiceLifecycle
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

/// The service as a process runs it: woken, asleep, and stopped.
@Suite(.databases) struct MediaLoopTests {
    private func running(
        _ media: MediaService, _ body: @Sendable (ServiceGroup) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: media, successTerminationBehavior: .ignore)], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body(group)
            } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test(arguments: Backend.all)
    func `what is uploaded here is begun at once, while the clock stands still`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let film = try await TestFilm.short()
            try await running(atelier.studio.media) { _ in
                let id = try await atelier.upload(film, by: maker)
                while try await atelier.clip(id).state == .processing { await Task.yield() }
                #expect(try await atelier.clip(id).state == .pending)
            }
        }
    }

    @Test func `asleep it asks every five seconds, with one statement`() async throws {
        try await Atelier.with(.sqlite) { atelier in
            let recorded = RecordedStatements()
            atelier.stage.storage.setRecorder(recorded)
            try await running(atelier.studio.media) { _ in
                for round in 1...12 {
                    // The first look is the start's; then the ticker sleeps.
                    while recorded.names.count < round || atelier.stage.clock.sleeperCount == 0 { await Task.yield() }
                    atelier.stage.clock.advance(by: MediaService.Bounds.lookEvery)
                }
                while recorded.names.count < 13 { await Task.yield() }
            }
            #expect(recorded.names == Array(repeating: "media.due", count: 13))
        }
    }

    @Test(arguments: Backend.all)
    func `a process that stops ends its program and gives the task back, as if it had not been taken`(
        backend: Backend
    ) async throws {
        let slow = FileManager.default.temporaryDirectory.appending(
            path: "slow-\(ID<Clip>(at: SystemClock().now(), using: SystemRandomness()))")
        let started = slow.path + ".started"
        try Data("#!/bin/sh\ntouch \(started)\nexec sleep 3600\n".utf8).write(to: slow)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: slow.path)
        defer {
            // Litter in /tmp fails no test.
            try? FileManager.default.removeItem(at: slow)
            // The same.
            try? FileManager.default.removeItem(atPath: started)
        }
        try await Atelier.with(backend, ffmpeg: slow.path) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let film = try await TestFilm.short()
            let id = try await atelier.upload(film, by: maker)
            try await running(atelier.studio.media) { _ in
                while !FileManager.default.fileExists(atPath: started) { await Task.yield() }
            }
            let due = try await MediaTaskStore(storage: atelier.stage.storage).due(
                at: atelier.stage.clock.now(), limit: 10)
            #expect(due.map(\.clipID) == [id] && due.map(\.kind) == [.render] && due.map(\.attempts) == [0])
            // Another process goes on at once.
            try await atelier.work(by: atelier.otherNode())
            #expect(try await atelier.clip(id).state == .pending)
        }
    }
}
