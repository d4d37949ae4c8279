import Base
import BaseTestKit
import Limits
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery
@testable import Jobs

@Suite(.databases) struct EnrichmentTests {
    private static let asked = DirectoryFailure.unavailable(reason: .overloaded, retryAfter: .seconds(30))

    /// A search of which five profiles are still to be read, with the batch that reads them.
    private func waiting(_ stage: Stage) async throws -> (search: Search, batch: EnrichmentJobs.Batch) {
        stage.directory.play("running", [listed(1...5)])
        for creator in listed(1...5) {
            stage.directory.play(profile: .found(creator, posts: [], credits: 1), of: creator.externalID)
        }
        let search = try await stage.start(["running"], enrich: 5)
        try await stage.fetch(try await stage.status(search).keywords[0])
        try await stage.settle(search)
        let ids = try await stage.matches(search).map(\.creator.id)
        return (
            search,
            EnrichmentJobs.Batch(
                creators: ids, person: search.personID, search: search.id, reservation: nil,
                until: stage.clock.now() + EnrichmentJobs.Bounds.patience)
        )
    }

    private func read(_ batch: EnrichmentJobs.Batch, on stage: Stage) async throws {
        try await stage.bureau.enrichment.enrich(batch, for: stage.tenant) { try await stage.commit($0) }
    }

    private func states(_ search: Search, on stage: Stage) async throws -> [Creator.Enrichment] {
        try await stage.matches(search).map(\.creator.enrichment)
    }

    @Test(arguments: Backend.all)
    func `a vendor that asks for less makes profiles wait, which is no attempt`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let (search, batch) = try await waiting(stage)
            // More often than a profile is tried that fails.
            for _ in 0...EnrichmentJobs.Bounds.tries {
                stage.directory.failProfiles([Self.asked])
                let failure = await #expect(throws: JobFailure.self) { try await read(batch, on: stage) }
                #expect(failure?.verdict == .throttled(after: .seconds(30)) && failure?.reason == "overloaded")
                // Nobody asks until then.
                let calls = stage.directory.subjects.count
                await #expect(throws: JobFailure.self) { try await read(batch, on: stage) }
                #expect(stage.directory.subjects.count == calls)
                #expect(try await states(search, on: stage) == Array(repeating: .queued, count: 5))
                stage.clock.advance(by: .seconds(31))
            }
            try await read(batch, on: stage)
            #expect(try await states(search, on: stage) == Array(repeating: .done, count: 5))
            #expect(try await stage.status(search).search.state == .completed)
            try await stage.checkCounts(search)
        }
    }

    @Test(arguments: Backend.all)
    func `profiles that a vendor has no time for in five hours are given up, and the search ends`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let (search, batch) = try await waiting(stage)
            stage.clock.advance(by: EnrichmentJobs.Bounds.patience)
            stage.directory.failProfiles([Self.asked])
            try await read(batch, on: stage)
            #expect(try await states(search, on: stage) == Array(repeating: .failed, count: 5))
            #expect(try await stage.status(search).search.state == .completed)
            let usage = try await stage.bureau.credits.enrichments.usage(of: LimitKey(stage.tenant))
            #expect(usage.used == 0 && usage.held == 0)
        }
    }
}
