import Base
import BaseTestKit
import Coordination
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web

@testable import Accounts

@Suite(.databases) struct EpochTests {
    /// What another node of the same installation holds in memory.
    private func otherNode(_ installation: Installation) -> (SessionEpochs, TenantDirectory, AccountsUpkeep) {
        let epochs = SessionEpochs(storage: installation.storage, clock: installation.clock)
        let directory = TenantDirectory(
            storage: installation.storage, clock: installation.clock, randomness: SeededRandomness(seed: 2),
            domain: "example.com")
        let upkeep = AccountsUpkeep(
            epochs: epochs, directory: directory, keys: installation.keys, clock: installation.clock,
            events: installation.events)
        return (epochs, directory, upkeep)
    }

    @Test(arguments: Backend.all) func `another node learns of a revocation and of a tenant within its interval`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let ada = try await installation.signUp("ada@example.com").profile.id
        let (epochs, directory, upkeep) = otherNode(installation)
        try await upkeep.load()
        #expect(directory.count == 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await upkeep.run() }
            while installation.clock.sleeperCount == 0 { await Task.yield() }
            try await installation.doorkeeper.signOutEverywhere(ada, by: .person(ada), in: installation.open)
            let late = try await installation.directory.create(slug: "late", name: "Late", joining: .open).tenant
            #expect(epochs.isCurrent(ada, version: 1, in: installation.open))
            installation.clock.advance(by: AccountsUpkeep.interval)
            while epochs.isCurrent(ada, version: 1, in: installation.open) { await Task.yield() }
            #expect(epochs.isCurrent(ada, version: 2, in: installation.open))
            #expect(directory.tenant(host: "late.example.com") == late)
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.waitForAll() }
        }
    }

    @Test(arguments: Backend.all) func `the bus has another node learn of a revocation with no time passing`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let ada = try await installation.signUp("ada@example.com").profile.id
        let bus = InProcessBus()
        let here = SessionEpochs(storage: installation.storage, clock: installation.clock, bus: bus)
        let there = SessionEpochs(storage: installation.storage, clock: installation.clock, bus: bus)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await there.listen() }
            for version in 2...4 {
                while there.isCurrent(ada, version: version - 1, in: installation.open) {
                    // What is told before the other node listens is not heard: it is told again.
                    await here.announce(ada, version: version)
                    await Task.yield()
                }
                #expect(there.isCurrent(ada, version: version, in: installation.open))
            }
            try await bus.publish(Array("in other words".utf8), to: "accounts.revocations")
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.waitForAll() }
        }
    }

    @Test(arguments: Backend.all) func `a node that starts knows all revocations that still matter`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        let old = try await installation.signUp("old@example.com").profile.id
        let new = try await installation.signUp("new@example.com").profile.id
        try await installation.doorkeeper.signOutEverywhere(old, by: .system, in: installation.open)
        installation.clock.advance(by: .seconds(15 * 86_400))
        try await installation.doorkeeper.signOutEverywhere(new, by: .system, in: installation.open)
        let (epochs, _, upkeep) = otherNode(installation)
        try await upkeep.load()
        #expect(epochs.count == 1)
        #expect(!epochs.isCurrent(new, version: 1, in: installation.open))
    }

    @Test(arguments: Backend.all) func `a refresh costs one statement`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        let measured = try await Cost.measure { try await installation.epochs.refresh() }
        #expect(measured.cost[.statements] == 1)
    }

    @Test(arguments: Backend.all) func `hosts, short names and the rest find their tenant`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        let directory = installation.directory
        #expect(directory.tenant(host: "open.example.com") == installation.open)
        #expect(directory.tenant(host: "team.example.org") == installation.invited)
        #expect(directory.tenant(host: "invited.example.com") == installation.invited)
        for host in ["example.com", "other.example.com", "open.example.com.evil.org", "evil-open.example.com", ""] {
            #expect(directory.tenant(host: host) == nil, "\(host)")
        }
        directory.serveElsewhere(installation.open)
        #expect(directory.tenant(host: "127.0.0.1") == installation.open)
        try await directory.setState(.suspended, of: installation.invited)
        directory.serveElsewhere(nil)
        #expect(directory.tenant(host: "team.example.org") == nil)
        try await directory.setState(.active, of: installation.invited)
        #expect(directory.tenant(host: "team.example.org") == installation.invited)
    }

    @Test(arguments: Backend.all) func `short names and hosts are well-formed and belong to one tenant`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        for slug in ["", "a", "A", "-a", "a-", "1a", "a b", "a.b", String(repeating: "a", count: 41)] {
            await #expect(throws: AccountsError.self) {
                try await installation.directory.create(slug: slug, name: "X", joining: .open)
            }
        }
        for (slug, host) in [("open", nil), ("fresh", "team.example.org"), ("fresh", "Not A Host")] {
            await #expect(throws: AccountsError.self) {
                try await installation.directory.create(slug: slug, name: "X", host: host, joining: .open)
            }
        }
        #expect(installation.directory.count == 2)
    }
}
