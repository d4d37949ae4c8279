import Base
import Hosting
import Logging
import ServiceLifecycle

/// A gentle crowd: about two votes a second through the same path as everybody's, so that totals move.
///
/// Does nothing until a demo was filled.
final class DemoBotService: Service {
    private enum Bounds {
        /// Devices in the crowd.
        static let voters = 2_000
        static let pause: Duration = .milliseconds(500)
    }

    private let house: Playhouse
    private let chance = DemoChance(seed: 4_711)
    private let starts = AsyncStream.makeStream(of: Tenant.self, bufferingPolicy: .bufferingNewest(1))

    init(house: Playhouse) { self.house = house }

    /// Lets the crowd in.
    func start(in tenant: Tenant) { starts.continuation.yield(tenant) }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for await tenant in starts.stream { await play(in: tenant) }
        }
    }

    private func play(in tenant: Tenant) async {
        while !Task.isCancelled {
            do {
                try await act(in: tenant)
                try await house.clock.sleep(for: Bounds.pause * (0.5 + chance.fraction()))
            } catch is CancellationError {
                return
            } catch {
                house.logger.debug("the demo's crowd was refused", metadata: ["error": "\(error)"])
                // Cancellation ends the loop, which is what it asks for.
                try? await house.clock.sleep(for: .seconds(5))
            }
        }
    }

    /// One of the crowd looks at the feed and votes for something that others like too.
    private func act(in tenant: Tenant) async throws {
        let voter = Voter(device: ID(high: 0xB07, low: UInt64(chance.below(Bounds.voters))), in: tenant)
        let page = try await house.feed.page(for: voter, in: tenant)
        let open = page.items.filter { $0.given == nil }
        guard !open.isEmpty else { return }
        let appeal = open.map { Double(($0.standing?.score ?? 0) + 10) }
        var rest = chance.fraction() * appeal.reduce(0, +)
        let choice = appeal.firstIndex { weight in
            rest -= weight
            return rest < 0
        }
        let item = open[choice ?? 0]
        let kind: Vote.Kind = chance.below(50) == 0 ? .super : .normal
        _ = try await house.votes.cast(
            kind, on: item.clip.id, by: voter, in: tenant,
            moves: !house.isOn(Playhouse.Flags.multiVote, in: tenant))
    }
}
