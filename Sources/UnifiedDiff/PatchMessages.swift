extension Patch {
    /// The messages of a mailbox that change a file, each as its bytes stand there; a text with less than two such messages is one, whole.
    ///
    /// - Throws: `PatchError` when the text is no patch. That one message changes what another one changed is none.
    package static func messages(in bytes: [UInt8]) throws(PatchError) -> [[UInt8]] {
        var reader = PatchReader(bytes)
        let files = try reader.files()
        let starts = reader.mailStarts
        let changing = Set(files.map(\.commit))
        guard starts.count > 1, changing.count > 1 else { return [bytes] }
        var messages: [[UInt8]] = []
        for number in 0...starts.count where changing.contains(number) {
            let start = number == 0 ? 0 : starts[number - 1]
            messages.append(Array(bytes[start..<(number < starts.count ? starts[number] : bytes.count)]))
        }
        return messages
    }
}
