
sh
-eu
-c
cc -o hello hello.c

LANGC.UTF-8*

archx86_64

oslinux:hello