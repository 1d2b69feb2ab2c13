# ctest splits the name of a test at `;` and then never runs it. Fails on a test case whose name holds one. A name may be written in
# pieces. usage: cmake -DROOT=… -P test_names.cmake
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/tests/*.cpp)
foreach(file IN LISTS files)
  file(READ ${ROOT}/${file} text)
  # Lists of CMake would fall apart at these.
  string(REPLACE ";" "<semicolon>" text "${text}")
  string(REGEX REPLACE "[][]" "" text "${text}")
  string(REGEX MATCHALL "(TEST_CASE|TEST_CASE_METHOD|SCENARIO|TEMPLATE_TEST_CASE)\\([^\"()]*(\"([^\"\\]|\\\\.)*\"[ \n]*)+" names "${text}")
  foreach(name IN LISTS names)
    if(name MATCHES "<semicolon>")
      string(REPLACE "<semicolon>" "<;>" name "${name}")
      message(SEND_ERROR "${file}: ctest never runs a test with a semicolon in its name: ${name}")
    endif()
  endforeach()
endforeach()
