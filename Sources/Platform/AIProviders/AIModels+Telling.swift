import Base
import Telemetry

extension AIModels {
    /// Tells of an answer.
    func told(_ outcome: ChatOutcome, took: Duration) {
        events.record(
            .modelAnswered, took: took, label: Event.providerLabel(outcome.model.provider),
            [
                "model": .text(outcome.model.description), "reason": .text(outcome.end.reason.rawValue),
                "input": .number(outcome.usage.input), "output": .number(outcome.usage.output), "took": .time(took),
            ])
    }

    /// Tells of a call that failed for another reason than that nobody wanted it any longer.
    func failed(_ choice: Choice, _ error: any Error, took: Duration) {
        guard let error = error as? AIError, error.code != .cancelled else { return }
        events.record(
            .modelFailed, label: Event.providerLabel(choice.name.provider),
            ["model": .text(choice.name.description), "code": .text(error.code.rawValue), "took": .time(took)])
    }

    /// What an answer's row says of an error.
    static func code(of error: any Error) -> String {
        switch error {
        case let error as AIError: error.code.rawValue
        case is CancellationError: AIError.Code.cancelled.rawValue
        default: AIError.Code.cutOff.rawValue
        }
    }
}
