import Base
import Telemetry

extension MediaJobs {
    /// What became of a task that was taken.
    enum Outcome: String, Sendable, CaseIterable {
        /// It was done.
        case done
        /// It failed and is tried again.
        case failed
        /// It failed for good.
        case gaveUp
        /// What it stands on is away; it waits.
        case away
        /// It was given up: its clip is gone, its job was lost, or the process stops.
        case dropped
    }

    /// Counts tasks and their time.
    struct Meter: Sendable {
        private let tasks: Counter
        private let took: Histogram

        init(_ metrics: MetricRegistry) {
            let kind = MetricLabel("kind", MediaTask.Kind.self)
            tasks = metrics.counter(
                "capstan_tournament_media_tasks_total", "Tasks of media work, by what became of them.",
                labels: [kind, MetricLabel("outcome", Outcome.self)])
            took = metrics.histogram(
                "capstan_tournament_media_task_duration_seconds", "Time from the taking of a task to its end.",
                bounds: [
                    10_000, 100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 30_000_000, 120_000_000,
                ],
                labels: [kind])
        }

        func record(_ kind: MediaTask.Kind, _ outcome: Outcome, _ time: Duration) {
            tasks.add(1, kind.rawValue, outcome.rawValue)
            took.observe(time, kind.rawValue)
        }
    }
}
