import Base
import BaseTestKit
import Blobs
import Foundation
import Limits
import Outbound
import Telemetry
import Testing

@testable import BlobsS3

/// A store in a bucket of its own.
struct Store {
    let blobs: S3Blobs
    let clock: SimClock
    let events = EventLog.silent()

    /// Makes the way to a bucket at an endpoint.
    init(
        at endpoint: OutboundAddress, bucket: String = "films", prefix: String = "", retries: RetryPolicy = .init(),
        deadline: Duration = .seconds(60)
    ) throws {
        clock = SimClock()
        let rule = try #require(AddressRule(allowing: ["127.0.0.1"]))
        let client = OutboundClient(OutboundOptions(rule: rule), clock: SystemClock(), events: events)
        let store = Dependency(
            "blobs", through: client, DependencyOptions(retries: retries, budget: RetryBudget(ratio: 1, reserve: 100)),
            clock: SystemClock(),
            randomness: SeededRandomness(seed: 3))
        let options = try #require(
            S3Options(
                bucket: bucket, endpoint: endpoint, prefix: prefix, partSize: .mebibytes(5), deadline: deadline))
        blobs = S3Blobs(
            options, S3Credentials(keyID: "AKIAEXAMPLE", secret: Secret("secret")), through: store, clock: clock,
            randomness: SeededRandomness(seed: 4), events: events)
    }

    /// A bucket that nobody else uses, in the real store that the tests were started with.
    static func real(prefix: String = "") async throws -> Store {
        let text = try #require(
            ProcessInfo.processInfo.environment["CAPSTAN_TEST_S3"],
            "these tests need an S3 server: Scripts/servers swift test --filter BlobsS3Tests")
        let endpoint = try #require(OutboundAddress(text))
        let id = ID<Store>(at: SystemClock().now(), using: SystemRandomness()).description
        let store = try Store(
            at: endpoint, bucket: "b-" + id.lowercased().filter { $0.isNumber || $0.isLetter }, prefix: prefix,
            // The server of the tests is one that stumbles when it is asked by several at once, as stores may.
            retries: RetryPolicy(attemptsMax: 6))
        try await store.blobs.bucket.ask(.put, nil)
        return store
    }

    /// The names of all objects in the bucket, and the uploads that were begun and not ended.
    func everything() async throws -> (objects: [String], uploads: [String]) {
        let objects = try await blobs.bucket.ask(.get, nil, [("list-type", "2")])
        let uploads = try await blobs.bucket.ask(.get, nil, [("uploads", "")])
        return (objects.all("Contents").compactMap { $0["Key"] }, uploads.all("Upload").compactMap { $0["Key"] })
    }
}

let tenant = Tenant(ID(high: 7, low: 8))

/// Expects `work` to fail with this code and to say this.
func expect(
    _ code: BlobsError.Code, saying words: String = "", sourceLocation: SourceLocation = #_sourceLocation,
    _ work: () async throws(BlobsError) -> Void
) async {
    do throws(BlobsError) {
        try await work()
        Issue.record("\(code) was expected, but nothing was thrown", sourceLocation: sourceLocation)
    } catch {
        #expect(error.code == code, "\(String(reflecting: error))", sourceLocation: sourceLocation)
        #expect(error.message.contains(words) || words.isEmpty, "\(error.message)", sourceLocation: sourceLocation)
    }
}
