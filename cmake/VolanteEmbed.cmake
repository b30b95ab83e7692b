# volante_embed(FOLDER SYMBOL function HEADER header FILES file...)
#   Compiles text files into library volante_FOLDER: a generated .cc defines
#   `std::span<const EmbeddedFile> SYMBOL()`, which HEADER declares beside
#   `struct EmbeddedFile { std::string_view name, text; }` (name without its folder).
#
# Run as a script (cmake -P) it writes that .cc; OUT, SYMBOL, HEADER and FILES come by -D.
if(CMAKE_SCRIPT_MODE_FILE)
  set(text "// Generated from the files named below; do not edit.\n#include \"${HEADER}\"\n\n")
  # A literal of string_view knows its length; compilers refuse to count a long one.
  string(APPEND text "namespace volante {\nnamespace {\n\nusing std::string_view_literals::operator\"\"sv;\n\n")
  string(APPEND text "constexpr EmbeddedFile kFiles[] = {\n")
  file(WRITE ${OUT} "${text}")
  string(REPLACE "|" ";" files "${FILES}")
  foreach(path IN LISTS files)
    get_filename_component(name ${path} NAME)
    file(READ ${path} content)
    file(APPEND ${OUT} "    {\"${name}\", R\"~volante~(")
    file(APPEND ${OUT} "${content}")
    file(APPEND ${OUT} ")~volante~\"sv},\n")
  endforeach()
  file(APPEND ${OUT} "};\n\n}  // namespace\n\n")
  file(APPEND ${OUT} "std::span<const EmbeddedFile> ${SYMBOL}() { return kFiles; }\n\n}  // namespace volante\n")
  return()
endif()

set(VOLANTE_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(volante_embed FOLDER)
  cmake_parse_arguments(ARG "" "SYMBOL;HEADER" "FILES" ${ARGN})
  set(out ${PROJECT_BINARY_DIR}/generated/${FOLDER}/${ARG_SYMBOL}.cc)
  list(JOIN ARG_FILES "|" files)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -D OUT=${out} -D SYMBOL=${ARG_SYMBOL} -D HEADER=${ARG_HEADER}
            -D "FILES=${files}" -P ${VOLANTE_EMBED_SCRIPT}
    DEPENDS ${ARG_FILES} ${VOLANTE_EMBED_SCRIPT}
    VERBATIM)
  target_sources(volante_${FOLDER} PRIVATE ${out})
endfunction()
