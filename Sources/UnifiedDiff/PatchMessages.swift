extension Patch {
    /// Splits a mailbox into its messages that change a file, each as its original bytes. A text with fewer than two such messages is
    /// returned whole.
    ///
    /// - Parameter strip: see ``Patch/init(_:name:strip:)``.
    /// - Throws: `PatchError` if the text is not a patch, or has more than one message or commit and is not a mailbox: one of the authors
    ///   would be lost. Two messages that change the same file are not an error.
    package static func messages(in bytes: [UInt8], strip: Int? = nil) throws(PatchError) -> [[UInt8]] {
        var reader = PatchReader(bytes, strip: strip)
        let files = try reader.files()
        if let stray = reader.stray {
            let words =
                "another commit or message begins, and this is not a mailbox; write one with 'git format-patch --stdout', or make a patch of each"
            throw reader.error(words, at: stray)
        }
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
