import Base
import Blobs
import Outbound
import Testing

@testable import BlobsS3

/// The examples of the S3 documentation, "Signature Calculations for the Authorization Header" and "… Query Parameters".
@Suite struct S3SignerTests {
    private let signer = S3Signer(
        credentials: S3Credentials(
            keyID: "AKIAIOSFODNN7EXAMPLE", secret: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
        region: "us-east-1")
    private let time = Timestamp(microseconds: 1_369_353_600_000_000)  // 2013-05-24T00:00:00Z

    private func authorization(
        _ method: OutboundRequest.Method, _ target: String, _ headers: OutboundHeaders = [:],
        payloadHash: String = S3Signer.emptyHash
    ) throws -> String {
        let address = try #require(OutboundAddress("https://examplebucket.s3.amazonaws.com" + target))
        let signed = signer.signed(method, address, headers, payloadHash: payloadHash, at: time)
        #expect(signed["x-amz-date"] == "20130524T000000Z")
        return try #require(signed["authorization"])
    }

    @Test func `reading a part of an object`() throws {
        #expect(
            try authorization(.get, "/test.txt", ["Range": "bytes=0-9"])
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func `putting an object`() throws {
        #expect(
            try authorization(
                .put, "/test%24file.text",
                ["Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"],
                payloadHash: BlobHash(of: "Welcome to Amazon S3.".utf8).description)
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
                + "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func `a query without a value`() throws {
        #expect(
            try authorization(.get, "/?lifecycle").hasSuffix(
                "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
    }

    @Test func `listing objects`() throws {
        let wanted = "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        #expect(try authorization(.get, "/?max-keys=2&prefix=J").hasSuffix(wanted))
        #expect(try authorization(.get, "/?prefix=J&max-keys=2").hasSuffix(wanted), "the order is the signature's")
    }

    @Test func `an address that carries its signature`() throws {
        let address = try #require(OutboundAddress("https://examplebucket.s3.amazonaws.com/test.txt"))
        #expect(
            signer.presigned(.get, address, lifetime: .seconds(86_400), at: time)
                == "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    @Test func `what is bound to an upload is part of its signature`() throws {
        let address = try #require(OutboundAddress("http://127.0.0.1:9000/bucket/key"))
        func sign(_ length: String, _ type: String) -> String {
            signer.presigned(
                .put, address, [("content-type", type), ("content-length", length)], lifetime: .seconds(60), at: time)
        }
        let one = sign("10", "video/mp4")
        #expect(one.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost&"))
        #expect(one != sign("11", "video/mp4") && one != sign("10", "video/webm") && one == sign("10", "video/mp4"))
    }

    @Test func `an upload's address binds size, content, type and that nothing is there`() throws {
        let store = try Store(at: try #require(OutboundAddress("http://127.0.0.1:9000")))
        let signer = BlobSigner(keys: [Secret(Array(repeating: 1, count: 32))], base: "/unused", clock: store.clock)
        let key = try #require(BlobKey("clips/a"))
        func upload(_ content: [UInt8], _ type: String = "video/mp4") -> BlobUploadAddress {
            store.blobs.uploadAddress(
                for: key, of: tenant,
                promising: BlobPromise(size: ByteCount(content.count), hash: BlobHash(of: content), contentType: type),
                lifetime: .seconds(60), otherwise: signer)
        }
        let one = upload([1, 2, 3])
        #expect(
            one.address.contains(
                "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256"
                    + "%3Bx-amz-meta-capstan-sha256%3Bx-amz-meta-capstan-stored&"), "\(one.address)")
        #expect(one.headers.contains(.init(name: "if-none-match", value: "*")))
        #expect(!one.headers.contains { $0.name == "content-length" })
        let others = [upload([1, 2, 3, 4]), upload([1, 2, 4]), upload([1, 2, 3], "video/webm")]
        #expect(Set((others + [one]).map(\.address)).count == 4 && upload([1, 2, 3]) == one)
    }

    @Test func `a temporary key pair sends its token`() throws {
        let signer = S3Signer(
            credentials: S3Credentials(keyID: "ASIA", secret: Secret("s"), token: Secret("to/ken")), region: "eu-west-1"
        )
        let address = try #require(OutboundAddress("https://bucket.s3.eu-west-1.amazonaws.com/key"))
        let headers = signer.signed(.get, address, [:], payloadHash: S3Signer.emptyHash, at: time)
        #expect(headers["x-amz-security-token"] == "to/ken")
        #expect(headers["authorization"]?.contains(";x-amz-security-token,") == true)
        let presigned = signer.presigned(.get, address, lifetime: .seconds(1), at: time)
        #expect(presigned.contains("X-Amz-Security-Token=to%2Fken"))
    }

    @Test func `a bucket's address follows its style`() throws {
        let own = try #require(OutboundAddress("http://127.0.0.1:9000"))
        func address(_ options: S3Options?) -> String? { options?.bucketAddress.description }
        #expect(address(S3Options(bucket: "films", endpoint: own)) == "http://127.0.0.1:9000/films")
        #expect(address(S3Options(bucket: "films", region: "eu-west-1")) == "https://films.s3.eu-west-1.amazonaws.com/")
        #expect(
            address(S3Options(bucket: "films", region: "eu-west-1", style: .path))
                == "https://s3.eu-west-1.amazonaws.com/films")
        for wrong in ["", "ab", "Films", "a/b", "a b", "..\u{7f}"] { #expect(S3Options(bucket: wrong) == nil) }
        for wrong in ["no-slash", "/", "a//", "../", "ä/"] { #expect(S3Options(bucket: "films", prefix: wrong) == nil) }
    }

    @Test func `an answer's document is read, and nothing else is`() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <List xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Key>a&amp;b&#x2F;&#99;</Key><Empty/>\
            <Contents><Key>1</Key></Contents><Contents><Key>2</Key></Contents></List>
            """
        let document = try #require(S3Document.read(Array(text.utf8)))
        #expect(document.name == "List" && document["Key"] == "a&b/c" && document["Empty"] == "")
        #expect(document.all("Contents").map { $0["Key"] } == ["1", "2"])
        for wrong in [
            "", "text", "<a>", "<a></b>", "<a>&unknown;</a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<a>&#xD800;</a>",
            String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100), "< >", "<", "<a", "<a>&",
        ] { #expect(S3Document.read(Array(wrong.utf8)) == nil, "\(wrong.prefix(40))") }
    }
}
