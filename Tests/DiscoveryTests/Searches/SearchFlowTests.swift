import Base
import BaseTestKit
import Jobs
import Limits
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

@Suite(.databases) struct SearchFlowTests {
    @Test(arguments: Backend.all)
    func `a search finds each creator once, whatever keywords and pages name it`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...20), listed(15...40)])
            stage.directory.play("trails", [listed(10...50)])
            let search = try await stage.start(["running", "trails"])
            let status = try await stage.finish(search)
            #expect(status.search.state == .completed)
            #expect(status.found == 50)
            #expect(status.keywords.allSatisfy { $0.state == .done && $0.reason == .exhausted })
            let matches = try await stage.matches(search)
            #expect(Set(matches.map(\.creator.externalID)).count == 50)
            let both = try #require(matches.first { $0.creator.externalID == "x12" })
            #expect(both.match.keywords.contains(ordinal: 0) && both.match.keywords.contains(ordinal: 1))
            let one = try #require(matches.first { $0.creator.externalID == "x45" })
            #expect(!one.match.keywords.contains(ordinal: 0) && one.match.keywords.contains(ordinal: 1))
            try await stage.checkCounts(search)
        }
    }

    @Test(arguments: Backend.all)
    func `a page is four statements and one for what follows`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...50), listed(51...60)])
            let search = try await stage.start(["running"])
            let keyword = try await stage.status(search).keywords[0]
            let transaction = Shared([String]())
            let input = SearchJobs.Fetch(keyword: keyword.id, search: search.id, page: 0, round: 1)
            try await stage.bureau.steps.fetch(input, for: stage.tenant, isLastAttempt: false) { body in
                let recorded = RecordedStatements()
                stage.storage.setRecorder(recorded)
                try await stage.commit(body)
                stage.storage.setRecorder(nil)
                transaction.withLock { $0 = recorded.names }
            }
            let names = transaction.withLock { $0 }
            // Jobs and messages leave as one statement where an engine can, and are named by their parts where not.
            let follows = ["job", "added_", "raised_", "commit."]
            let own = names.filter { name in !follows.contains { name.hasPrefix($0) } }
            #expect(own == ["creator.upsert", "creator.noteDay", "match.insert", "keyword.advance"])
            if backend.name == "postgres" { #expect(names.count == 5, "\(names)") }
        }
    }

    @Test(arguments: Backend.all)
    func `a page that comes twice changes nothing`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...20), listed(21...30)])
            let search = try await stage.start(["running"])
            let keyword = try await stage.status(search).keywords[0]
            try await stage.fetch(keyword)
            let once = try await stage.status(search)
            try await stage.fetch(keyword)
            #expect(try await stage.status(search).keywords == once.keywords)
            #expect(once.found == 20 && once.keywords[0].pages == 1)
            try await stage.checkCounts(search)
        }
    }

    @Test(arguments: Backend.all)
    func `when as many are there as were wanted the other keywords are cancelled`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...70), listed(71...140)])
            stage.directory.play("trails", [listed(200...260)])
            let search = try await stage.start(["running", "trails"], target: 100)
            for _ in 0..<2 { try await stage.fetch(try await stage.status(search).keywords[0]) }
            let status = try await stage.status(search)
            #expect(status.found == 100)
            #expect(status.keywords.map(\.state) == [.done, .cancelled])
            #expect(status.keywords.map(\.reason) == [.targetReached, .targetReached])
            let ended = try await stage.finish(search)
            #expect(ended.search.state == .completed && ended.search.settled == 100)
            try await stage.checkCounts(search)
        }
    }

    @Test(arguments: Backend.all)
    func `a renamed creator is the same creator`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            var renamed = listed(1...3)
            renamed[0].handle = "another"
            stage.directory.play("running", [listed(1...3), renamed])
            let search = try await stage.start(["running"])
            let status = try await stage.finish(search)
            #expect(status.found == 3)
            let handles = try await stage.matches(search).map(\.creator.handle)
            #expect(handles == ["another", "handle2", "handle3"])
        }
    }

    @Test(arguments: Backend.all)
    func `credits are reserved at the start and settle to what was delivered`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...30)])
            let search = try await stage.start(["running"])
            let ledger = stage.bureau.credits.creators
            #expect(try await ledger.usage(of: LimitKey(stage.tenant)).held == 100)
            _ = try await stage.finish(search)
            var usage = try await ledger.usage(of: LimitKey(stage.tenant))
            #expect(usage.held == 0 && usage.used == 30)
            // The same creators cost nothing for thirty days, then again.
            _ = try await stage.finish(try await stage.start(["running"], by: 2))
            usage = try await ledger.usage(of: LimitKey(stage.tenant))
            #expect(usage.used == 30)
            stage.clock.advance(by: .seconds(31 * 86_400))
            _ = try await stage.finish(try await stage.start(["running"], by: 3))
            let month = try await stage.bureau.credits.left(in: stage.tenant)
            #expect(month.creators.used == 30)
        }
    }

    @Test(arguments: Backend.all)
    func `a keyword that fails for good is shown, costs nothing, and can be tried again`(backend: Backend) async throws
    {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...10)])
            stage.directory.play("trails", [listed(20...29)])
            stage.directory.fail("trails", [.unavailable(reason: .failing, retryAfter: nil)])
            let search = try await stage.start(["running", "trails"])
            let status = try await stage.finish(search)
            #expect(status.search.state == .partial)
            #expect(status.failed.map(\.reason) == [.vendorFailed])
            #expect(status.summary == "1 of 2 keywords, 1 failed")
            #expect(status.search.settled == 10)
            let retried = try await stage.bureau.searches.retry(search.id, only: nil, in: stage.tenant)
            #expect(retried.search.state == .searching && retried.search.round == 2)
            let ended = try await stage.finish(search)
            #expect(ended.search.state == .completed && ended.found == 20 && ended.search.settled == 20)
            #expect(try await stage.bureau.credits.creators.usage(of: LimitKey(stage.tenant)).used == 20)
            await #expect(throws: DiscoveryError.self) {
                try await stage.bureau.searches.retry(search.id, only: nil, in: stage.tenant)
            }
            try await stage.checkCounts(search)
        }
    }

    @Test(arguments: Backend.all)
    func `of two searches that one person starts at once one is refused with the other's id`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...10)])
            let outcomes = await withTaskGroup(of: Result<Search, any Error>.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        do { return .success(try await stage.start(["running"])) } catch { return .failure(error) }
                    }
                }
                var outcomes: [Result<Search, any Error>] = []
                for await outcome in group { outcomes.append(outcome) }
                return outcomes
            }
            let started = outcomes.compactMap { try? $0.get() }  // The refusals are looked at below.
            #expect(started.count == 1)
            for case .failure(let error) in outcomes {
                let refusal = try #require(error as? DiscoveryError)
                #expect(refusal.code == .searchActive)
                #expect(refusal.context["searchId"] == started[0].id.description)
            }
            #expect(try await stage.bureau.credits.creators.usage(of: LimitKey(stage.tenant)).held == 100)
        }
    }

    @Test(arguments: Backend.all)
    func `after a cancellation was answered no call begins`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...20), listed(21...40)])
            let search = try await stage.start(["running"])
            try await stage.fetch(try await stage.status(search).keywords[0])
            let keyword = try await stage.status(search).keywords[0]
            let cancelled = try await stage.bureau.searches.cancel(search.id, in: stage.tenant)
            #expect(cancelled.search.state == .cancelled && cancelled.found == 20 && cancelled.search.settled == 20)
            let calls = stage.directory.asked.count
            try await stage.fetch(keyword)
            #expect(stage.directory.asked.count == calls)
            #expect(cancelled.keywords.map(\.reason) == [.cancelled])
            #expect(try await stage.bureau.credits.creators.usage(of: LimitKey(stage.tenant)).held == 0)
        }
    }

    @Test(arguments: Backend.all)
    func `further words come from what creators say of themselves`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            var tagged = listed(1...4)
            for place in tagged.indices { tagged[place].bio = "Runs #ultra #mountains" }
            stage.directory.play("running", [tagged])
            stage.directory.play("ultra", [listed(10...12)])
            let search = try await stage.start(["running"], expansion: 3)
            let status = try await stage.finish(search)
            #expect(status.search.state == .completed)
            #expect(Set(status.keywords.map(\.text)) == ["running", "ultra", "mountains"])
            #expect(status.found == 7)
        }
    }
}
