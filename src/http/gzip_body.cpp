#include "http/gzip_body.h"

#include <zlib.h>

#include "base/check.h"

namespace meterhouse {

struct Inflater::Stream {
  z_stream zlib{};
  std::unique_ptr<char[]> out = std::make_unique_for_overwrite<char[]>(kInflateBytes);
  std::uint64_t in_total = 0;
  std::uint64_t out_total = 0;
  bool in_member = true;        // false between two members
  bool any_member = false;      // one is complete
  bool output_pending = false;  // the last call filled the whole buffer
};

Inflater::Inflater() : stream_(std::make_unique<Stream>()) {
  constexpr int kGzipOnly = 15 + 16;
  MH_CHECK(inflateInit2(&stream_->zlib, kGzipOnly) == Z_OK);
}

Inflater::~Inflater() { inflateEnd(&stream_->zlib); }

bool Inflater::hungry() const { return stream_->zlib.avail_in == 0 && !stream_->output_pending; }

void Inflater::feed(std::string_view compressed) {
  // zlib's C interface takes a pointer to non-const and only reads.
  stream_->zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream_->zlib.avail_in = static_cast<uInt>(compressed.size());
  stream_->in_total += compressed.size();
}

OrRefusal<std::string_view> Inflater::inflate() {
  Stream& stream = *stream_;
  while (!hungry()) {
    if (!stream.in_member) {
      inflateReset(&stream.zlib);
      stream.in_member = true;
    }
    stream.zlib.next_out = reinterpret_cast<Bytef*>(stream.out.get());
    stream.zlib.avail_out = static_cast<uInt>(kInflateBytes);
    const int result = ::inflate(&stream.zlib, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      stream.in_member = false;
      stream.any_member = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return refusal(400, "the body is not valid gzip");
    }
    stream.output_pending = stream.in_member && stream.zlib.avail_out == 0;
    const std::size_t count = kInflateBytes - stream.zlib.avail_out;
    stream.out_total += count;
    if (stream.out_total > kInflateFreeBytes && stream.out_total / kInflateMaxRatio > stream.in_total)
      return refusal(413, fmt::format("the gzip body grows to more than {} times its size", kInflateMaxRatio));
    if (count > 0) return std::string_view{stream.out.get(), count};
  }
  return std::string_view{};
}

OrRefusal<void> Inflater::finish() const {
  if (stream_->in_member || !stream_->any_member) return refusal(400, "the gzip body is cut short");
  return {};
}

}  // namespace meterhouse
