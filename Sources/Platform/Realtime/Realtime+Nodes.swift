import Base
import Coordination
import NIOCore
import Synchronization

extension Realtime {
    // MARK: Telling other nodes

    func say(_ entries: [BusEntry]) {
        outgoing.withLock { outgoing in
            guard outgoing.count + entries.count <= Bounds.outgoing else {
                outgoing = [.look]
                mustTellAll.store(true, ordering: .relaxed)
                return
            }
            outgoing += entries
        }
        bell.ring()
    }

    func speak() async {
        while !Task.isCancelled {
            await bell.wait()
            let entries = outgoing.withLock { outgoing in
                defer { outgoing = [] }
                return outgoing
            }
            for parcel in BusParcel.pack(entries, from: node) {
                do throws(CoordinationError) {
                    try await bus.publish(parcel.encoded, to: Bounds.busTopic)
                } catch {
                    // Whoever carries the bus has told of it; the other nodes find messages when they next look.
                }
            }
        }
    }

    func listen() async throws {
        try await bus.follow(Bounds.busTopic, clock: clock) { [self] event in
            switch event {
            case .missed:
                for feed in feeds.withLock({ Array($0.values) }) { feed.missed() }
                say([.hello])
            case .message(let bytes):
                guard let parcel = BusParcel(bytes), parcel.node != node else { return }
                hear(parcel)
            }
        }
    }

    func hear(_ parcel: BusParcel) {
        let isNew = gathering.withLock { $0.seats.beat(of: parcel.node, at: clock.uptime()) }
        if isNew { tellEverything() }
        for entry in parcel.entries {
            switch entry {
            case .message(let key, let position, let json):
                feeds.withLock { $0[key] }?.heard(position, json.map { SharedFrame(json: [$0]) })
            case .look: for feed in feeds.withLock({ Array($0.values) }) { feed.missed() }
            case .signal(let key, let json): feeds.withLock { $0[key] }?.tell(SharedFrame(json: [json]))
            case .seats(let tenant, let seat, let count):
                gathering.withLock {
                    $0.seats.heard(count, of: SeatMachine.Holder(tenant: tenant, seat: seat), on: parcel.node)
                }
            case .member(let key, let member, let count):
                let change = gathering.withLock { $0.presence.set(count, of: member, in: key, on: parcel.node) }
                show(change.map { [$0] } ?? [])
            case .beat: break
            case .telling:
                gathering.withLock { gathering in
                    gathering.seats.beginTelling(by: parcel.node)
                    gathering.presence.beginTelling(by: parcel.node)
                }
            case .told:
                let gone = gathering.withLock { gathering in
                    gathering.seats.endTelling(by: parcel.node)
                    return gathering.presence.endTelling(by: parcel.node)
                }
                show(gone)
            case .hello: tellEverything()
            }
        }
    }

    func tellEverything() {
        let everything = gathering.withLock { gathering in
            _ = gathering.seats.takeUntold()
            return gathering.seats.all + gathering.presence.own
        }
        say([.telling] + everything + [.told])
    }
}
