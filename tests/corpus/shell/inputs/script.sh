#!/bin/bash
echo "script: $# args: $*"
exit 3
