public import Base
public import Coordination
public import Storage
public import Telemetry

extension AIModels {
    /// Models without a vendor: the stand-in alone, for tests and for whoever has no key yet.
    ///
    /// - Parameters:
    ///   - storage: where answers are kept.
    ///   - bus: tells readers on other nodes that there is more.
    ///   - clock: the time.
    ///   - randomness: draws pauses.
    ///   - events: where calls are told.
    /// - Returns: models of which each says that it is a stand-in.
    public static func standIn(
        storage: Storage, bus: any Bus, clock: any WallClock, randomness: any Randomness, events: EventLog
    ) -> AIModels {
        do throws(AIError) {
            return try AIModels(
                [LocalModel()], chat: [ModelName(provider: "local", model: "stand-in")],
                embedding: ModelName(provider: "local", model: "words"), storage: storage, bus: bus, clock: clock,
                randomness: randomness, events: events)
        } catch {
            preconditionFailure("the stand-in needs no setting: \(error.message)")
        }
    }
}
