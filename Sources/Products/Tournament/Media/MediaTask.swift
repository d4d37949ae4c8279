import Base

import typealias Storage.SQLConvertible

/// Work that is to be done on a clip's files: one task a clip, which goes from kind to kind and is carried out by a job.
struct MediaTask: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable, CaseIterable, SQLConvertible {
        /// The bytes are to come; its job begins when they have not come in time.
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
    /// Its number, which is that of the job that carries it out; `nil` for a task of a version that had no jobs.
    let id: ID<MediaTask>?

    /// How work is tried again.
    enum Rules {
        static let attemptsMax = 3
        /// The pause after a failure that is not the task's, which counts as no attempt.
        static let awayFor: Duration = .seconds(30)

        /// The pause after an attempt that failed.
        static func pause(after attempts: Int) -> Duration { .seconds(10) * (1 << max(0, min(attempts - 1, 6))) }
    }
}
