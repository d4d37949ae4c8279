import BlobsS3
import Outbound
import Testing

@testable import capstan

@Suite struct BlobsAddressTests {
    @Test func `the address of a bucket is read with all its parts`() throws {
        let own = try BlobsAddress("s3://films/capstan/one?endpoint=http%3A%2F%2F127.0.0.1%3A9000&region=eu-west-1")
        #expect(own.options.bucketAddress.description == "http://127.0.0.1:9000/films")
        #expect(own.options.prefix == "capstan/one/" && own.options.region == "eu-west-1")
        let plain = try BlobsAddress("s3://films?endpoint=http://127.0.0.1:9000&style=host")
        #expect(plain.options.bucketAddress.host == "films.127.0.0.1")
        let amazon = try BlobsAddress("s3://films?region=eu-central-1")
        #expect(amazon.options.bucketAddress.description == "https://films.s3.eu-central-1.amazonaws.com/")
        #expect(amazon.options.prefix.isEmpty)
    }

    @Test(arguments: [
        "", "films", "https://films", "s3://", "s3://Films", "s3://films?endpoint=nowhere", "s3://films?style=both",
        "s3://films?regoin=eu-west-1", "s3://films/ä", "s3://films?endpoint=http://user:pass@127.0.0.1/",
    ])
    func `a mistake in it is said before anything starts`(text: String) {
        #expect(throws: Failure.self) { try BlobsAddress(text) }
    }
}
