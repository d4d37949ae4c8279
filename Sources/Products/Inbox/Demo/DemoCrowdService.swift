import Base
import InboxVendors
import ServiceLifecycle
import Synchronization

/// Customers of the demo who go on writing, every eight seconds or so, through the same door as vendors.
///
/// Nobody writes before ``begin(_:)`` has been told where.
final class DemoCrowdService: Service {
    private let office: Office
    private let clock: any WallClock
    private let places: AsyncStream<[DemoPlace]>
    private let teller: AsyncStream<[DemoPlace]>.Continuation

    init(office: Office, clock: any WallClock) {
        self.office = office
        self.clock = clock
        (places, teller) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Has the customers of these companies write.
    func begin(_ places: [DemoPlace]) { teller.yield(places) }

    /// Writes until the process ends.
    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [self] in
                for await places in places {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for place in places { group.addTask { try await self.write(place) } }
                        try await group.waitForAll()
                    }
                }
            }
        } catch is CancellationError {
            // How it is told to stop.
        }
    }

    private func write(_ place: DemoPlace) async throws {
        let channels = try await channels(of: place)
        // Where a run begins follows from its time, so that a second run does not say the same again.
        for number in Int(clock.now().seconds % 100_000)... {
            do {
                guard let pause = try await say(number, at: place, over: channels) else { return }
                try await clock.sleep(for: pause)
            } catch is CancellationError {
                return
            }
        }
    }

    /// Has a customer write; how long the next one waits, `nil` when there is nothing to be written.
    func say(
        _ number: Int, at place: DemoPlace, over channels: [ChannelKind: OpenChannel]
    ) async throws -> Duration? {
        let crowd = DemoCrowd(place.company, secrets: channels.compactMapValues(\.secrets.signing.first))
        guard let event = crowd.event(number, at: clock.now()) else { return nil }
        guard let channel = channels[event.channel] else { return event.pause }
        do {
            try await receive(event, over: channel, in: place.tenant)
        } catch  where !(error is CancellationError) {
            // A customer whose message is turned away writes another one.
        }
        return event.pause
    }

    func channels(of place: DemoPlace) async throws -> [ChannelKind: OpenChannel] {
        var channels: [ChannelKind: OpenChannel] = [:]
        for channel in try await office.channels.channels(in: place.tenant)
        where channel.externalAccount.hasPrefix(DemoAdapter.prefix) {
            channels[channel.kind] = try await office.channels.channel(channel.id, in: place.tenant)
        }
        return channels
    }

    private func receive(_ event: DemoCrowd.Event, over open: OpenChannel, in tenant: Tenant) async throws {
        switch event.arrival {
        case .hook(let raw, let fields):
            try await office.hooks.receive(raw, DeliveryHeaders(fields), at: open.channel.pathKey)
        case .note(let note):
            try await office.hooks.keep(note.delivery, at: open.channel.id, in: tenant)
        }
    }
}
