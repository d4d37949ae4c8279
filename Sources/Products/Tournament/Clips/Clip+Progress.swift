import Base

extension Clip {
    /// What can happen to a clip.
    enum Event: String, Sendable, Hashable, CaseIterable {
        /// All bytes of its upload are there.
        case arrived
        /// They did not come in time.
        case expired
        /// They are no clip, or none that fits.
        case refused
        /// It can be watched for the first time, and waits for a moderator.
        case rendered
        /// It can be watched for the first time, and its maker is trusted.
        case trusted
        case approved
        case rejected
        /// Taken away by its maker or by a moderator.
        case removed
        case won
        case lost
    }
}

extension Clip.State {
    /// The state after an event; `nil` when the event cannot happen in this one.
    func after(_ event: Clip.Event) -> Clip.State? {
        switch (self, event) {
        case (.uploading, .arrived): .processing
        case (.uploading, .expired): .removed
        case (.processing, .refused): .rejected
        case (.processing, .rendered): .pending
        case (.processing, .trusted): .active
        case (.pending, .approved): .active
        case (.pending, .rejected): .rejected
        case (.active, .won), (.eliminated, .won): .winner
        case (.active, .lost), (.winner, .lost): .eliminated
        // A winner is part of the film; what lost may go once its result is final.
        case (.uploading, .removed), (.processing, .removed), (.pending, .removed), (.active, .removed),
            (.rejected, .removed), (.eliminated, .removed):
            .removed
        default: nil
        }
    }

    /// The states in which an event can happen.
    static func before(_ event: Clip.Event) -> [Clip.State] { allCases.filter { $0.after(event) != nil } }

    /// Whether a clip in this state takes one of its maker's places in the slot.
    var takesPlace: Bool { self != .rejected && self != .removed }
}
