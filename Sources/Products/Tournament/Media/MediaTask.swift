import Base

import typealias Storage.SQLConvertible

/// Work that is to be done on a clip's files: one task a clip, which goes from kind to kind.
struct MediaTask: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable, CaseIterable, SQLConvertible {
        /// The bytes are to come; due when they have not come in time.
        case expect
        /// Find out whether the bytes are a clip.
        case probe
        /// Make the files by which it is played.
        case render
        /// Take away the files of a clip that is gone.
        case clear
    }

    let tenant: Tenant
    let clipID: ID<Clip>
    let kind: Kind
    /// When it may be taken, or taken over from a worker that is gone.
    let dueAt: Timestamp
    /// How often it was taken.
    let attempts: Int

    /// How work is taken, kept and tried again.
    enum Rules {
        static let attemptsMax = 3
        /// Longest time in which a dead worker's task is nobody's.
        static let lease: Duration = .seconds(30)
        static let renewEvery: Duration = .seconds(5)
        /// The pause after a failure that is not the task's, which counts as no attempt.
        static let awayFor: Duration = .seconds(30)

        /// The pause after an attempt that failed.
        static func pause(after attempts: Int) -> Duration { .seconds(10) * (1 << max(0, min(attempts - 1, 6))) }
    }

    /// Whether another attempt may follow one that failed.
    var isLastAttempt: Bool { attempts >= Rules.attemptsMax }
}

/// What a worker holds of a task: the right to finish it, as long as nobody else has taken it.
struct MediaLease: Sendable, Hashable {
    let task: MediaTask
    /// What marks the row as this worker's.
    let owner: Int64
}
