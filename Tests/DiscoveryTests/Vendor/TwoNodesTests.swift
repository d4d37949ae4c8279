import Base
import BaseTestKit
import Coordination
import Limits
import ServiceLifecycle
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

/// Two nodes on one database, one bus and one bank: what one learns of the vendor or of a search the other heeds.
@Suite(.databases) struct TwoNodesTests {
    private func eventually(_ what: Comment, _ condition: () -> Bool) async {
        for _ in 0..<2_000_000 {
            if condition() { return }
            await Task.yield()
        }
        Issue.record(what)
    }

    private func running(
        _ services: [@Sendable () async throws -> Void], _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service() } }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            try await group.waitForAll()
            try result.get()
        }
    }

    @Test(arguments: Backend.all)
    func `a key that is refused on one node stops all, one of them probes, and an answer frees all`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            // Both nodes that ask have the same bank: its probe is one for both.
            let bank = InProcessTokenBank(clock: stage.clock)
            let nodes = [stage.peer(bank: bank), stage.peer(bank: bank)]
            try await running(nodes.map { node in { await node.limits.run() } }) {
                await eventually("both nodes to listen") { stage.clock.sleeperCount >= 2 }
                stage.directory.play("running", [listed(1...3)])
                stage.directory.play("hiking", [listed(4...6)])
                stage.directory.fail("running", [.keyRefused, .keyRefused])
                let caller = VendorDesk.Caller(tenant: stage.tenant, person: stage.person(1))
                func ask(_ node: Int, _ word: String) async -> String {
                    do {
                        let page = try await nodes[node].bureau.vendor.page(
                            DirectoryQuery(platform: .tiktok, keyword: word, region: "US", cursor: ""), for: caller)
                        return "\(page.creators.count)"
                    } catch VendorDesk.Refusal.later(_, let reason) {
                        return reason
                    } catch {
                        return "\(error)"
                    }
                }
                #expect(await ask(0, "running") == "keyRefused")
                await eventually("the other to hear") { nodes[1].bureau.vendor.paused?.reason == .keyRefused }
                #expect(await ask(1, "hiking") == "keyRefused")
                #expect(stage.directory.asked.count == 1)
                stage.clock.advance(by: .seconds(61))
                // Both want to look whether it is mended; the cluster's one probe fails again.
                #expect(await ask(0, "running") == "keyRefused")
                #expect(await ask(1, "hiking") == "keyRefused")
                #expect(stage.directory.asked.count == 2)
                stage.clock.advance(by: .seconds(61))
                #expect(await ask(1, "hiking") == "3")
                await eventually("the first to hear") { nodes[0].bureau.vendor.paused == nil }
                stage.clock.advance(by: .seconds(1))
                #expect(await ask(0, "running") == "3")
            }
        }
    }

    @Test(arguments: Backend.all)
    func `a search that is cancelled on one node makes no call on another, whether the word comes or not`(
        backend: Backend
    ) async throws {
        for isHeard in [true, false] {
            try await Stage.with(backend) { stage in
                let node = stage.peer()
                let services = isHeard ? node.bureau.services : []
                try await running(services.map { service in { try await service.run() } }) {
                    for _ in 0..<1_000 { await Task.yield() }
                    stage.directory.play("running", [listed(1...20), listed(21...40)])
                    let search = try await stage.start(["running"])
                    let keyword = try await stage.status(search).keywords[0]
                    // The other node has read that the search goes on when it is cancelled here.
                    let steps = node.bureau.steps
                    let round = search.round
                    #expect(steps.brakes.mayCall(for: search.id, round: round))
                    _ = try await stage.bureau.searches.cancel(search.id, in: stage.tenant)
                    if isHeard {
                        await eventually("the other node to hear") {
                            !steps.brakes.mayCall(for: search.id, round: round)
                        }
                    }
                    #expect(try await !steps.mayCall(search.id, round: round, in: stage.tenant))
                    let input = SearchJobs.Fetch(
                        keyword: keyword.id, search: search.id, page: keyword.pages, round: round)
                    try await steps.fetch(input, for: stage.tenant, isLastAttempt: false) { body in
                        try await stage.commit(body)
                    }
                    #expect(stage.directory.asked.isEmpty)
                }
            }
        }
    }

    @Test(arguments: Backend.all)
    func `pages that one node makes at a search's end are the other's too, until something of it changes`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let store = InProcessSharedCache(clock: stage.clock)
            let nodes = [stage.peer(shared: store), stage.peer(shared: store)]
            stage.directory.play("running", [listed(1...20)])
            let search = try await stage.start(["running"])
            let live = try await nodes[0].bureau.results.page(MatchDesk.Ask(search: search.id), in: stage.tenant)
            #expect(!live.state.isSettled)
            _ = try await stage.finish(search)
            try await nodes[0].bureau.results.warm(search.id, in: stage.tenant)
            let made = try await nodes[0].bureau.results.page(MatchDesk.Ask(search: search.id), in: stage.tenant)
            let before = stage.storage.statistics.all.reduce(0) { $0 + $1.count }
            let found = try await nodes[1].bureau.results.page(MatchDesk.Ask(search: search.id), in: stage.tenant)
            #expect(stage.storage.statistics.all.reduce(0) { $0 + $1.count } == before, "no statement was needed")
            #expect(found.page.items == made.page.items && found.page.items.count == 20)
            #expect(found.page.next == made.page.next && found.total == 20 && found.state == made.state)
        }
    }
}
