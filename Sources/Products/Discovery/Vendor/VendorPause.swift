import Base

/// When a vendor is left alone because nothing can work: its key is refused, or its credit is spent.
///
/// Pure: it is told what happened and says what may be done. Everybody waits; now and then one call is let through to see
/// whether somebody has mended it.
struct VendorPause: Sendable, Hashable {
    enum Reason: String, Sendable, Hashable, CaseIterable {
        case keyRefused, creditSpent

        init?(_ failure: DirectoryFailure) {
            switch failure {
            case .keyRefused: self = .keyRefused
            case .creditSpent: self = .creditSpent
            case .unavailable, .unreadable, .cancelled: return nil
            }
        }
    }

    enum Bounds {
        /// Time between two calls that look whether it is mended.
        static let probe: Duration = .seconds(60)
        /// Time until a node looks again whether it may probe, when what nodes share does not answer.
        static let away: Duration = .seconds(5)
    }

    enum Decision: Sendable, Hashable {
        case allowed
        /// To see whether it is mended, if no other node does.
        case probe(Reason)
        case refused(Reason, after: Duration)
    }

    private(set) var reason: Reason?
    private(set) var since = Timestamp.epoch
    private var nextProbe = Timestamp.epoch

    /// Whether a call may be made now.
    mutating func ask(at time: Timestamp) -> Decision {
        guard let reason else { return .allowed }
        guard time >= nextProbe else { return .refused(reason, after: nextProbe - time) }
        nextProbe = time + Bounds.probe
        return .probe(reason)
    }

    /// Another node probes, or nobody may just now: puts this node's own probe off.
    mutating func postpone(for duration: Duration, at time: Timestamp) {
        guard reason != nil else { return }
        nextProbe = time + duration
    }

    /// Takes what another node has found; returns whether that changed anything.
    mutating func hear(_ found: Reason, for duration: Duration, at time: Timestamp) -> Bool {
        nextProbe = max(nextProbe, time + min(duration, Bounds.probe))
        guard reason != found else { return false }
        if reason == nil { since = time }
        reason = found
        return true
    }

    /// Another node was answered; returns whether that changed anything.
    mutating func hearEnd(of ended: Reason) -> Bool {
        guard reason == ended else { return false }
        reason = nil
        return true
    }

    /// Takes how a call ended; returns whether that changed anything.
    mutating func learn(_ failure: DirectoryFailure?, at time: Timestamp) -> Bool {
        if let found = failure.flatMap(Reason.init) {
            nextProbe = time + Bounds.probe
            guard reason != found else { return false }
            if reason == nil { since = time }
            reason = found
            return true
        }
        // Only an answer shows that it works again.
        guard failure == nil, reason != nil else { return false }
        reason = nil
        return true
    }
}
