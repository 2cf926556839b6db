# Builds files into the program:  cmake -DFOLDER=… -DEXTRA=name=path;… -DOUT=… -P embed.cmake
# FOLDER's files keep their paths ("/assets/x.js"); a file `name.gz` beside `name` is its compressed form, others are compressed
# here. Writes OUT.S (the bytes) and OUT.cpp (the table web_files() and the document openapi_document()).
cmake_minimum_required(VERSION 3.25)

set(asm "    .section .rodata\n")
set(externs "")
set(rows "")
set(count 0)

function(embed_bytes symbol path)
  string(APPEND asm "    .global ${symbol}\n    .global ${symbol}_end\n${symbol}:\n    .incbin \"${path}\"\n${symbol}_end:\n    .byte 0\n")
  string(APPEND externs "extern const char ${symbol}[];\nextern const char ${symbol}_end[];\n")
  set(asm "${asm}" PARENT_SCOPE)
  set(externs "${externs}" PARENT_SCOPE)
endfunction()

function(compressed path out)
  if(EXISTS "${path}.gz")
    set(${out} "${path}.gz" PARENT_SCOPE)
    return()
  endif()
  string(SHA256 hash "${path}")
  set(target "${OUT}.${hash}.gz")
  file(ARCHIVE_CREATE OUTPUT "${target}" PATHS "${path}" FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9 MTIME 0)
  set(${out} "${target}" PARENT_SCOPE)
endfunction()

macro(embed_file name path)
  file(SHA256 "${path}" hash)
  string(SUBSTRING "${hash}" 0 20 hash)
  embed_bytes(meterhouse_file_${count} "${path}")
  compressed("${path}" gzip_path)
  embed_bytes(meterhouse_gzip_${count} "${gzip_path}")
  string(APPEND rows "      {\"${name}\", bytes(meterhouse_file_${count}, meterhouse_file_${count}_end),\n"
                     "       bytes(meterhouse_gzip_${count}, meterhouse_gzip_${count}_end), \"\\\"${hash}\\\"\"},\n")
  math(EXPR count "${count} + 1")
endmacro()

if(FOLDER)
  file(GLOB_RECURSE files RELATIVE "${FOLDER}" "${FOLDER}/*")
  foreach(file ${files})
    if(NOT file MATCHES "\\.gz$")
      embed_file("/${file}" "${FOLDER}/${file}")
    endif()
  endforeach()
endif()
set(web_count ${count})
embed_file("/api/openapi.json" "${OPENAPI}")

file(WRITE "${OUT}.S" "${asm}    .section .note.GNU-stack,\"\",@progbits\n")
file(WRITE "${OUT}.cpp" "#include \"http/static_files.h\"

extern \"C\" {
${externs}}

namespace meterhouse {

namespace {

std::string_view bytes(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

std::span<const EmbeddedFile> all_files() {
  static const EmbeddedFile files[] = {
${rows}  };
  return files;
}

}  // namespace

std::span<const EmbeddedFile> web_files() { return all_files().first(${web_count}); }
const EmbeddedFile& openapi_file() { return all_files().back(); }

}  // namespace meterhouse
")
