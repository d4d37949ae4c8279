import Base
import BaseTestKit
import Coordination
import Hosting
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Testing

@Suite(.databases) struct FeatureFlagTests {
    private let multi = FeatureFlag("multiVote", isOnByDefault: true, "Any number of clips may be voted for.")
    private let captcha = FeatureFlag("requireCaptcha", isOnByDefault: false, "Voters must solve a captcha.")
    private let tenant = Tenant(ID(high: 1, low: 1))
    private let other = Tenant(ID(high: 1, low: 2))

    private func flags(
        _ storage: Storage, clock: SimClock = SimClock(), bus: (any Bus)? = nil
    ) throws -> FeatureFlags {
        try FeatureFlags([multi, captcha], storage: storage, clock: clock, bus: bus, logger: Logger(label: "test"))
    }

    @Test(arguments: Backend.all)
    func `the bus has another node look at once, with no time passing`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [ProductPlans.hostingSchema])
        let bus = InProcessBus()
        let here = try flags(storage, bus: bus)
        let there = try flags(storage, bus: bus)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await there.run() }
            for isEnabled in [true, false, true] {
                try await here.set("requireCaptcha", to: FlagState(isEnabled: isEnabled), for: tenant)
                while there.state(of: captcha, for: tenant)?.isEnabled != isEnabled { await Task.yield() }
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test(arguments: Backend.all)
    func `a flag holds its default until somebody decides, in one tenant only`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [ProductPlans.hostingSchema])
        let flags = try flags(storage)
        #expect(flags.isOn(multi, for: tenant) && !flags.isOn(captcha, for: tenant))
        try await flags.set("multiVote", to: FlagState(isEnabled: false), for: tenant)
        #expect(!flags.isOn(multi, for: tenant))
        #expect(flags.isOn(multi, for: other))
    }

    @Test(arguments: Backend.all)
    func `another node sees a decision at its next look, the newest one even when clocks stand still`(
        backend: Backend
    ) async throws {
        let storage = try await backend.lease(modules: [ProductPlans.hostingSchema])
        let here = try flags(storage)
        let there = try flags(storage)
        for isEnabled in [true, false, true] {
            try await here.set("requireCaptcha", to: FlagState(isEnabled: isEnabled), for: tenant)
            try await there.refresh()
            #expect(there.isOn(captcha, for: tenant) == isEnabled)
        }
        // A node whose clock runs behind decides last and must win.
        let behind = SimClock()
        behind.step(to: .epoch)
        let late = try flags(storage, clock: behind)
        try await late.set("requireCaptcha", to: FlagState(isEnabled: false), for: tenant)
        try await there.refresh()
        #expect(!there.isOn(captcha, for: tenant))
    }

    @Test(arguments: Backend.all)
    func `the service looks at the table again and again`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [ProductPlans.hostingSchema])
        let clock = SimClock()
        let here = try flags(storage)
        let there = try flags(storage, clock: clock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await there.run() }
            while clock.sleeperCount == 0 { await Task.yield() }
            try await here.set("requireCaptcha", to: FlagState(isEnabled: true), for: tenant)
            #expect(!there.isOn(captcha, for: tenant))
            clock.advance(by: .seconds(1))
            while !there.isOn(captcha, for: tenant) { await Task.yield() }
            group.cancelAll()
        }
    }

    @Test(arguments: Backend.all)
    func `a share of the users keeps its answers while it grows`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [ProductPlans.hostingSchema])
        let flags = try flags(storage)
        let subjects = (0..<2_000).map { "subject-\($0)" }
        var before: Set<String> = []
        for percentage in [0, 10, 50, 100] {
            try await flags.set("multiVote", to: FlagState(isEnabled: true, percentage: percentage), for: tenant)
            let now = Set(subjects.filter { flags.isOn(multi, for: tenant, subject: $0) })
            #expect(before.isSubset(of: now))
            #expect(abs(now.count - percentage * 20) <= 100)
            before = now
        }
    }

    @Test(arguments: Backend.all)
    func `unknown keys and impossible shares are refused and change nothing`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [ProductPlans.hostingSchema])
        let flags = try flags(storage)
        await #expect(throws: HostingError.self) {
            try await flags.set("nothing", to: FlagState(isEnabled: true), for: tenant)
        }
        #expect(throws: HostingError.self) { try FlagState(isEnabled: true, percentage: 101) }
        #expect(throws: HostingError.self) {
            try FeatureFlags([multi, multi], storage: storage, clock: SimClock(), logger: Logger(label: "test"))
        }
        #expect(flags.state(of: multi, for: tenant) == nil)
    }
}
