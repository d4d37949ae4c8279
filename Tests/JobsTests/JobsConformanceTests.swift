import JobsTestKit
import StorageBackends
import StorageTestKit
import Testing

@Suite(.databases)
struct JobsConformanceTests {
    @Test(arguments: JobsConformance.allCases, Backend.all)
    func `jobs do what they promise`(sentence: JobsConformance, backend: Backend) async throws {
        try await sentence.check(on: backend)
    }
}
