import Base

/// How much of a season the demo makes.
struct DemoPlan: Sendable {
    /// The season's title.
    var title: String
    /// Slots in all.
    var slots: Int
    /// Slots whose result is final; the one behind them is being voted on.
    var locked: Int
    /// Clips of each locked slot.
    var clipsPerLockedSlot: Int
    /// Clips of the open slot.
    var clipsOpen: Int
    /// Clips of the slot behind it.
    var clipsNext: Int
    /// People who have entered clips.
    var creators: Int
    /// People and devices that have voted.
    var voters: Int
    /// Of these, people with an account.
    var audience: Int
    /// Comments in all.
    var comments: Int
    /// Votes in all, those that were removed included.
    var votes: Int
    /// The position of the slot in which two clips end level.
    var tie: Int?
    /// The position of the slot of which votes were removed, and how many.
    var removed: (position: Int, votes: Int)?
    /// Time until the open slot closes.
    var closesIn: Duration
    /// The number of the first clip's scene: no two tenants show the same films.
    var firstScene: Int
    /// Where chance begins.
    var seed: UInt64

    /// The season of the tenant Open Reel.
    static let lighthouse = DemoPlan(
        title: "The Lighthouse", slots: 75, locked: 11, clipsPerLockedSlot: 12, clipsOpen: 42, clipsNext: 6,
        creators: 60, voters: 5_000, audience: 100, comments: 900, votes: 61_000, tie: 7, removed: (9, 312),
        closesIn: .seconds(9 * 3_600),
        firstScene: 0, seed: 0x0C0F_FEE0)

    /// The season of the tenant Night School.
    static let lanterns = DemoPlan(
        title: "Lanterns", slots: 3, locked: 1, clipsPerLockedSlot: 5, clipsOpen: 8, clipsNext: 0, creators: 9,
        voters: 180, audience: 20, comments: 40, votes: 700, tie: nil, removed: nil, closesIn: .seconds(5 * 3_600),
        firstScene: 180,
        seed: 0x1A27_E245)

    /// Clips in all.
    var clips: Int { locked * clipsPerLockedSlot + clipsOpen + clipsNext }
}
