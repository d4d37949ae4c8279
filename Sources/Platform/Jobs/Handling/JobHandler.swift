import Base

/// What a worker has taken: a job as it was stored.
struct TakenJob: Sendable, Hashable {
    let tenant: Tenant
    let id: ID<Job>
    let queue: QueueName
    let input: String
    /// Attempts before this one.
    let attempts: Int
    let parent: ID<Job>?
    let key: String?
    let ties: Int
}

/// How a kind is handled: part of a product's manifest.
public struct JobHandler: Sendable {
    /// What became of each job of a run, in order.
    typealias Outcomes = [Result<String?, any Error>]

    /// The kind's name and treatment.
    public let rule: JobRule
    /// Jobs in one run, 1 unless the kind is handled in batches.
    public let batchMax: Int
    let run: @Sendable ([TakenJob], [JobContext]) async throws -> Outcomes
}

extension JobKind {
    /// Handles each job by itself.
    ///
    /// `body` may run more than once for one job: after a crash, a time-out or an error. Returning means done; see
    /// ``JobFailure`` for what else it may say. Any other error has the job tried again after the kind's back-off.
    public func handler(_ body: @escaping @Sendable (Input, JobContext) async throws -> Void) -> JobHandler {
        let name = name
        return JobHandler(rule: rule, batchMax: 1) { jobs, contexts in
            for (job, context) in zip(jobs, contexts) {
                try await body(try JobCoding.decode(Input.self, from: job.input, of: name), context)
            }
            return jobs.map { _ in .success(nil) }
        }
    }

    /// Handles each job by itself and keeps what it results in, at most 16 KiB of JSON, with the job.
    public func handler<Output: Encodable & Sendable>(
        returning type: Output.Type, _ body: @escaping @Sendable (Input, JobContext) async throws -> Output
    ) -> JobHandler {
        let name = name
        return JobHandler(rule: rule, batchMax: 1) { jobs, contexts in
            var results: JobHandler.Outcomes = []
            for (job, context) in zip(jobs, contexts) {
                let output = try await body(try JobCoding.decode(Input.self, from: job.input, of: name), context)
                let text = try JobCoding.encode(output, of: name)
                guard text.utf8.count <= JobHandlerBounds.resultBytes else {
                    throw JobFailure.permanent("the result is longer than 16 KiB")
                }
                results.append(.success(text))
            }
            return results
        }
    }

    /// Handles up to `max` jobs of one tenant in one run, which share a time-out.
    ///
    /// `body` returns what became of each, in order; an error that it throws is the fate of all. What is together in a
    /// run depends on what waits: a batch may have one job.
    public func batchHandler(
        max: Int, _ body: @escaping @Sendable ([Input], [JobContext]) async throws -> [Result<Void, any Error>]
    ) -> JobHandler {
        precondition(
            (1...JobHandlerBounds.batch).contains(max), "\(name) is handled \(max) at once: 1 to 1,000 are possible")
        let name = name
        return JobHandler(rule: rule, batchMax: max) { jobs, contexts in
            var inputs: [Input] = []
            var readable: [Int] = []
            var outcomes: JobHandler.Outcomes = []
            for (index, job) in jobs.enumerated() {
                do {
                    inputs.append(try JobCoding.decode(Input.self, from: job.input, of: name))
                    readable.append(index)
                    outcomes.append(.success(nil))
                } catch {
                    outcomes.append(.failure(error))
                }
            }
            let results = try await body(inputs, readable.map { contexts[$0] })
            guard results.count == inputs.count else {
                throw JobFailure.permanent(
                    "the handler of \(name) returned \(results.count) outcomes for \(inputs.count)")
            }
            for (index, result) in zip(readable, results) { outcomes[index] = result.map { nil } }
            return outcomes
        }
    }
}

/// Bounds of handlers.
enum JobHandlerBounds {
    static let batch = 1_000
    static let resultBytes = 16 * 1_024
    static let reasonCharacters = 1_000
}
