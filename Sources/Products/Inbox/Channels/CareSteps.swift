import Base
import InboxVendors
import Jobs
import Storage
import Telemetry

/// Looks after channels every ten minutes: tokens are renewed before they end, accounts are subscribed, silence is told.
struct CareSteps: Sendable {
    let storage: Storage
    let channels: ChannelDesk
    /// Where this installation is reached from outside; `nil` when nobody has said, and nothing is subscribed by itself.
    let publicAddress: String?
    let clock: any WallClock

    private var store: CheckStore { CheckStore(storage: storage) }

    /// The last looks at a company's channels.
    func checks(in tenant: Tenant) async throws -> [ID<Channel>: ChannelCheck] { try await store.all(in: tenant) }

    /// What has come at a company's channels.
    func traffic(of channels: [ID<Channel>], in tenant: Tenant) async throws -> [ID<Channel>: Traffic] {
        try await store.traffic(of: channels, in: tenant)
    }

    /// Looks at a channel.
    ///
    /// - Throws: errors of storage. That a vendor does not answer is none: the next look is ten minutes away.
    func check(_ id: ID<Channel>, in tenant: Tenant) async throws {
        guard var known = try await channels.store.keys(of: id, in: tenant) else { return }
        let machine = CareMachine(now: clock.now())
        let adapter = try await channels.channel(id, in: tenant).adapter
        known = try await renew(known, by: adapter, machine, in: tenant)
        var answer = await Self.condition(adapter, line(known))
        if case .told(let condition) = answer, condition.isSubscribed == false,
            condition.externalAccount == known.channel.externalAccount
        {
            if await subscribe(known, by: adapter) { answer = await Self.condition(adapter, line(known)) }
        }
        let arrivals = try await store.arrivals(of: id, in: tenant)
        let health = machine.health(
            answer, account: known.channel.externalAccount, arrivals: arrivals,
            isQuietKnown: known.channel.kind != .widget)
        var check = ChannelCheck(checkedAt: machine.now, quietLimit: machine.quietLimit(arrivals))
        switch answer {
        case .told(let condition):
            (check.name, check.isSubscribed, check.waiting) = (
                condition.name, condition.isSubscribed, condition.waiting
            )
            check.fault = condition.lastFault ?? health?.reason
        case .failed: check.fault = health?.reason ?? "The vendor does not answer."
        }
        let (channel, seen) = (known.channel, check)
        try await storage.write(for: tenant) { transaction in
            try await store.note(seen, of: id, through: transaction, in: tenant)
            guard let health, health.health != channel.health else { return }
            try await channels.note(health.health, health.reason, of: channel, through: transaction, in: tenant)
        }
    }

    private func line(_ known: KnownChannel) -> ChannelLine {
        ChannelLine(
            externalAccount: known.channel.externalAccount, token: known.keys.token, door: known.keys.door)
    }

    private static func condition(_ adapter: any ChannelAdapter, _ line: ChannelLine) async -> CareMachine.Answer {
        do throws(VendorFailure) {
            return .told(try await adapter.condition(of: line))
        } catch {
            return .failed(error)
        }
    }

    /// Renews a token whose end is near, and seals with the newest key what an older one has sealed.
    private func renew(
        _ known: KnownChannel, by adapter: any ChannelAdapter, _ machine: CareMachine, in tenant: Tenant
    ) async throws -> KnownChannel {
        var (keys, expiresAt) = (known.keys, known.channel.tokenExpiresAt)
        var isChanged = !known.isSealedAnew
        if machine.isRenewalDue(expiresAt) {
            do throws(VendorFailure) {
                if let token = try await adapter.renewed(line(known)) {
                    keys.token = token.token
                    expiresAt = machine.now + token.lifetime
                    isChanged = true
                }
            } catch {
                // Too young, or over: what the vendor says of the account next tells which.
            }
        }
        guard isChanged else { return known }
        let (renewed, end, id) = (keys, expiresAt, known.channel.id)
        try await storage.write(for: tenant) { transaction in
            _ = try await channels.store.rekey(id, renewed, expiresAt: end, through: transaction, in: tenant)
            ChannelDesk.forget(id, in: transaction)
        }
        var channel = known.channel
        channel.tokenExpiresAt = end
        return KnownChannel(channel: channel, keys: renewed, isSealedAnew: true)
    }

    private func subscribe(_ known: KnownChannel, by adapter: any ChannelAdapter) async -> Bool {
        guard let publicAddress, publicAddress.hasPrefix("https://") else { return false }
        let hook = "\(publicAddress)\(Addresses.api)/hooks/\(known.channel.pathKey)"
        do throws(VendorFailure) {
            try await adapter.subscribe(at: hook, with: known.keys.secrets, over: line(known))
            return true
        } catch {
            return false
        }
    }
}
