import Base
import Limits

/// Decides what becomes of a job when its handler is through: pure.
struct JobVerdict: Sendable {
    let rule: JobRule
    let now: Timestamp

    /// How an attempt ended.
    enum Ending: Sendable {
        case returned(String?)
        case threw(any Error)
        case timedOut
        /// Somebody cancelled the job.
        case cancelled
        /// The worker stops.
        case interrupted
    }

    func fate(of job: TakenJob, _ ending: Ending, randomness: some Randomness) -> JobEnd.Fate {
        let attempt = job.attempts + 1
        func retry(_ reason: String, after asked: Duration? = nil) -> JobEnd.Fate {
            guard attempt < rule.attemptsMax else { return .failed(reason: Self.short(reason)) }
            let pause = asked ?? rule.backoff.pause(after: attempt, using: randomness)
            return .retry(at: now + pause, reason: Self.short(reason), counts: true)
        }
        switch ending {
        case .returned(let result): return .done(result: result)
        case .cancelled: return .cancelled
        case .interrupted: return .released
        case .timedOut: return retry("timed out after \(rule.timeout.inSeconds) s")
        case .threw(let failure as JobFailure):
            switch failure.verdict {
            case .permanent: return .failed(reason: Self.short(failure.reason))
            case .retry(let pause): return retry(failure.reason, after: pause)
            case .throttled(let asked):
                let pause = asked ?? rule.backoff.pause(after: attempt, using: randomness)
                return .retry(
                    at: now + max(pause, .milliseconds(10)), reason: Self.short(failure.reason), counts: false)
            }
        case .threw(let error as JobsError) where error.code == .inputMismatch:
            return .failed(reason: Self.short(error.description))
        case .threw(let error as any CodedError): return retry(error.description)
        // Any other error's text may hold a user's values.
        case .threw(let error): return retry("the handler failed with \(type(of: error))")
        }
    }

    /// What is told to who decides how many run at once.
    static func outcome(of ending: Ending) -> AdaptiveMachine.Outcome {
        switch ending {
        case .returned, .cancelled, .interrupted: .good
        case .threw(let failure as JobFailure):
            if case .throttled = failure.verdict { .throttled } else { .failed }
        case .threw, .timedOut: .failed
        }
    }

    /// A reason that the database takes: without U+0000, and short.
    static func short(_ reason: String) -> String {
        String(reason.replacing("\0", with: "").prefix(JobHandlerBounds.reasonCharacters))
    }
}
